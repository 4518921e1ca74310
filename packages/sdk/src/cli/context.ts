import type { Readable, Writable } from 'node:stream'
import type { RGridClient } from '../types.js'
import type { EmbeddedModule } from '../load-embedded.js'
import { watchFetch } from './watch-fetch.js'

/** A signal that asks a command to end. */
export type EndSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

/** A stream that a person may be looking at. */
export interface OutputStream extends Writable {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

/** Where keys come in; a terminal can be told not to show them. */
interface InputStream extends Readable {
  readonly isTTY?: boolean | undefined
}

/** Where signals come from: the process, or a test. */
interface SignalSource {
  on(signal: EndSignal, listener: (signal: EndSignal) => void): unknown
  off(signal: EndSignal, listener: (signal: EndSignal) => void): unknown
}

/** All that a command touches outside itself, so that it can run inside a test. */
export interface CliContext {
  /** Makes a client that says when its server has not answered for a while. */
  createClient(onAway: () => void): Promise<RGridClient>
  loadEmbedded(): Promise<EmbeddedModule>
  readonly stdin: InputStream
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly signals: SignalSource
  /** Ends the process at once, whatever is under way. */
  leave(code: number): void
}

/** The context of the real process. Nothing heavy is loaded before a command asks for it. */
export function createProcessContext(): CliContext {
  // Every write reports its own failure; without listeners the same failure would also end the process.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  return {
    // A command makes a few requests and is gone: Node's own fetch is there much sooner than undici is loaded, and the
    // server's pings keep its time limit for silent bodies from ending a stream.
    createClient: async (onAway) =>
      (await import('../create-client.js')).createClient({ fetch: watchFetch(fetch, onAway) }),
    loadEmbedded: async () => (await import('../load-embedded.js')).loadEmbedded(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    signals: process,
    leave: (code) => process.exit(code),
  }
}
