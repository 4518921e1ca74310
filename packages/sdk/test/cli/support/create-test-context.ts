import { EventEmitter } from 'node:events'
import { Readable, Writable } from 'node:stream'
import type { CliContext, EndSignal } from '../../../src/cli/context.js'
import type { EmbeddedModule } from '../../../src/load-embedded.js'
import { runCli } from '../../../src/cli/main.js'
import type { RGridClient } from '../../../src/types.js'

/** What a test sets up around a command line. */
export interface Surroundings {
  readonly client?: Partial<RGridClient>
  readonly embedded?: Partial<EmbeddedModule>
  readonly env?: Record<string, string>
  readonly cwd?: string
  readonly stdin?: string
  readonly tty?: boolean
  /** What writing to stdout fails with. */
  readonly stdoutError?: NodeJS.ErrnoException
}

/** A context whose outside is all in memory. */
export function createTestContext(surroundings: Surroundings = {}) {
  const { client = {}, embedded = {}, env = {}, cwd = '/nowhere', stdin = '', tty = false } = surroundings
  const stdout = createSink(tty, surroundings.stdoutError)
  const stderr = createSink(tty)
  const signals = new EventEmitter()
  const left: number[] = []
  let closed = 0
  let tellAway = (): void => {}
  const context: CliContext = {
    createClient: async (onAway) => {
      tellAway = onAway
      return {
        target: async () => 'http://server',
        ...client,
        close: async () => void closed++,
      } as RGridClient
    },
    loadEmbedded: async () => embedded as EmbeddedModule,
    stdin: Readable.from([stdin]),
    stdout: stdout.stream,
    stderr: stderr.stream,
    env,
    cwd,
    signals,
    leave: (code) => void left.push(code),
  }
  return {
    context,
    run: (...argv: string[]) => runCli(argv, context),
    signal: (signal: EndSignal) => void signals.emit(signal, signal),
    listeners: () => signals.listenerCount('SIGINT'),
    stdout: () => stdout.bytes().toString(),
    stdoutBytes: stdout.bytes,
    stderr: () => stderr.bytes().toString(),
    json: () => JSON.parse(stdout.bytes().toString()) as unknown,
    jsonLines: () =>
      stdout
        .bytes()
        .toString()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    /** The server has not answered for a while. */
    awayFor: () => tellAway(),
    left,
    closed: () => closed,
  }
}

function createSink(isTTY: boolean, error?: NodeJS.ErrnoException) {
  const chunks: Buffer[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (error === undefined) chunks.push(chunk)
      done(error)
    },
  })
  stream.on('error', () => {})
  return { stream: Object.assign(stream, { isTTY, columns: 80 }), bytes: () => Buffer.concat(chunks) }
}
