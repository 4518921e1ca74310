import { RGridError } from '@rgrid/protocol'
import { createApp } from './app.js'
import type { Context } from './context.js'
import { mintKey } from './http/api-keys.js'
import { createContext, type ServerOptions } from './server-options.js'
import { collectRegularly } from './services/retention/collect-regularly.js'
import { sweep } from './services/sweep.js'
import type { Scope, StoredKey } from './store/key-store.js'

const DEFAULT_PROJECT = 'default'
const CLOSE_WAIT_MS = 2_000
const SWEEP_MIN_MS = 1_000
const SWEEP_MAX_MS = 5_000

/** For whom a key is and what it allows. */
export interface Grant {
  /** @default 'default' */
  readonly project?: string
  readonly scopes: readonly Scope[]
}

/** The RGrid server as one web-standard handler. */
export interface RGridServer {
  /** Answers a request. Never rejects. */
  fetch(request: Request): Promise<Response>
  /** Mints an API key that is kept in memory and works as long as this object does. */
  grant(grant: Grant): string
  /**
   * Makes the first keys when the store has none: `admin` for a person (scopes submit, read and admin) and `runner` for
   * runners. They can be read only here and now; `undefined` when there are keys already.
   *
   * @throws Error when the store cannot be opened.
   */
  bootstrap(): Promise<{ readonly admin: string; readonly runner: string } | undefined>
  /**
   * Refuses new requests, ends event streams, answers waiting requests, waits for the rest for a moment and closes the
   * store. Calling it again does nothing.
   */
  close(): Promise<void>
  /** The same as `close`. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Makes a server. It opens no socket: hand requests to `fetch`, or see {@link listen}.
 *
 * @throws TypeError when `ceilings`, `images`, `networks` or `retention` are not what they should be.
 */
export function createServer(options: ServerOptions): RGridServer {
  const { store } = options
  const closing = new AbortController()
  const context = createContext(options, closing.signal)
  const granted = new Map<string, StoredKey>()
  const app = createApp(context, { find: async (id) => granted.get(id) ?? (await store.keys.find(id)) })
  const sweeping = startSweeping(context)
  const collecting = collectRegularly(context)
  const pending = new Set<Promise<unknown>>()
  let closed: Promise<void> | undefined

  const close = async (): Promise<void> => {
    closing.abort(new RGridError('unavailable', 'the server is stopping'))
    context.signals.notifyAll()
    await Promise.race([
      Promise.allSettled([...pending, sweeping.stop(), collecting.stop()]),
      waitUnref(CLOSE_WAIT_MS),
    ])
    await store.close()
  }

  const server: RGridServer = {
    async fetch(request) {
      // What ran under a server that was killed is told as lost from the first answer on.
      const answered = sweeping.first.then(() => app.fetch(request))
      pending.add(answered)
      try {
        return await answered
      } finally {
        pending.delete(answered)
      }
    },
    grant({ project = DEFAULT_PROJECT, scopes }) {
      const { text, stored } = mintKey(project, scopes)
      granted.set(stored.id, stored)
      return text
    },
    async bootstrap() {
      const admin = mintKey(DEFAULT_PROJECT, ['submit', 'read', 'admin'])
      const runner = mintKey(DEFAULT_PROJECT, ['runner'])
      const added = await store.keys.addFirst([admin.stored, runner.stored])
      await store.flush()
      return added ? { admin: admin.text, runner: runner.text } : undefined
    },
    close: () => (closed ??= close()),
    [Symbol.asyncDispose]: () => server.close(),
  }
  return server
}

/** Sweeps now and then until it is stopped. */
function startSweeping(context: Context): { readonly first: Promise<void>; stop(): Promise<void> } {
  const everyMs = Math.min(Math.max(context.leaseMarginMs / 2, SWEEP_MIN_MS), SWEEP_MAX_MS)
  let running: Promise<void> = Promise.resolve()
  let isRunning = false
  const run = async (): Promise<void> => {
    if (isRunning) return
    isRunning = true
    await sweep(context).catch((error: unknown) => {
      if (!context.closing.aborted) context.logger.error('the sweep failed', { error })
    })
    isRunning = false
  }
  const timer = setInterval(() => void (running = run()), everyMs).unref()
  running = run()
  return {
    first: running,
    stop() {
      clearInterval(timer)
      return running
    },
  }
}

const waitUnref = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref()
  })
