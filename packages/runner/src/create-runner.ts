import { createRunnerId, RGridError, type Registered } from '@rgrid/protocol'
import { backoffMs, createApi, RETRY_LONG, type Fetch } from '@rgrid/protocol/client'
import { mkdir, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createBlobCache } from './attempt/blob-cache.js'
import { runAttempt, type AttemptContext } from './attempt/run-attempt.js'
import { watchEnvironments, type EnvironmentWatch } from './environment-watch.js'
import type { Executor } from './executors/executor.js'
import { SILENT, type Logger } from './logger.js'
import { pause } from './pause.js'
import { letGo, reconcile } from './reconcile.js'
import { reconcileRegularly } from './reconcile-regularly.js'
import { createRunnerCalls } from './runner-calls.js'
import { createShortageWatch, type MeasureFreeMib } from './shortage-watch.js'
import { createSlots } from './slots.js'

/** How a runner is made. */
export interface RunnerOptions {
  /** The server's address. */
  readonly url: string
  /** A key with the scope `runner`. */
  readonly apiKey: string
  /** In order of preference, for executions that do not ask for one. The runner closes them at its stop. */
  readonly executors: readonly Executor[]
  /** A directory of this runner's own: made at start and removed at stop. */
  readonly workDirectory: string
  /**
   * How many scripts run at once.
   *
   * @default 4
   */
  readonly slots?: number
  /** @default the name of this machine */
  readonly name?: string
  /**
   * Below this much free disk nothing more is claimed, and the server is told why; scripts that run go on.
   *
   * @default 0
   */
  readonly minFreeDiskMib?: number
  /** @default asks the file system of `workDirectory` */
  readonly measureFreeMib?: MeasureFreeMib
  /**
   * What an hour of a script costs here, in microns.
   *
   * @default 0
   */
  readonly micronsPerHour?: number
  /** @default HTTP over undici */
  readonly fetch?: Fetch
  /** @default says nothing */
  readonly logger?: Logger
}

/** A worker that claims executions of one server and runs them. */
export interface Runner {
  readonly id: string
  /** Registers, goes on with what killed runners left or removes it, and begins to claim. Resolves when it does. */
  start(): Promise<void>
  /**
   * Claims no more, gives running scripts `graceMs` to end, then ends them and reports them as lost. Idempotent.
   *
   * @param graceMs - default 0
   */
  stop(graceMs?: number): Promise<void>
  /** Resolves when the runner has stopped; rejects when it cannot go on, as with a revoked key. */
  readonly closed: Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

// Scripts that have just been claimed get away first; what comes right behind them is claimed together.
const CLAIM_PACE_MS = 5
// Longer than a lease lives.
const LET_GO_AFTER_MS = 60_000
// How often a runner that holds back looks again and says so, which is how it stays connected.
const HOLD_MS = 5_000

/** Makes a runner. Nothing happens before {@link Runner.start}. */
export function createRunner(options: RunnerOptions): Runner {
  const {
    executors,
    workDirectory,
    slots: size = 4,
    name = hostname(),
    micronsPerHour = 0,
    logger = SILENT,
  } = options
  const id = createRunnerId()
  const api = createApi(options)
  const slots = createSlots(size)
  // What scripts leave behind is removed while the next ones run, but never piles up.
  const cleanups = createSlots(2 * size)
  const stopping = new AbortController()
  const stopped = new AbortController()
  const fetchBlob = createBlobCache(api, join(workDirectory, 'blobs'))
  const findShortage = createShortageWatch(options)
  let stop: Promise<void> | undefined
  let stopReconciling: (() => void) | undefined
  let environments: EnvironmentWatch | undefined
  let settle: { resolve: () => void; reject: (error: unknown) => void } | undefined
  const closed = new Promise<void>((resolve, reject) => (settle = { resolve, reject }))
  // Whoever does not ask how the runner ended shall not be stopped by it.
  closed.catch(() => undefined)

  const said = { id, name, slots: size, micronsPerHour, executors, logger }
  const calls = createRunnerCalls({ ...said, api, signal: stopping.signal })
  const toContext = (registered: Registered): AttemptContext => ({
    ...registered,
    api,
    executors,
    fetchBlob,
    cleanUp: (work: Promise<void>) => cleanups.occupy(work),
    logger,
    stopped: stopped.signal,
  })

  const work = async (context: AttemptContext): Promise<void> => {
    for (let failures = 0; !stopping.signal.aborted;) {
      const free = await slots.free()
      await cleanups.free()
      const holdsBack = await findShortage()
      if (stopping.signal.aborted) return
      try {
        const claims = await calls.claim({ max: free, waitMs: context.longPollMs, holdsBack })
        for (const claimed of claims) slots.occupy(runAttempt(context, claimed))
        failures = 0
        if (holdsBack !== undefined) await pause(HOLD_MS, stopping.signal)
        else if (claims.length > 0) await pause(CLAIM_PACE_MS, stopping.signal)
      } catch (error) {
        if (stopping.signal.aborted) return
        if (!(error instanceof RGridError)) throw error
        if (error.code === 'runner_unknown') await calls.register()
        else if (error.code === 'unauthenticated' || error.code === 'forbidden') throw error
        logger.warn(`no claim: ${error.message}`)
        await pause(backoffMs(RETRY_LONG, failures++), stopping.signal).catch(() => undefined)
      }
    }
  }

  const shutDown = async (graceMs: number): Promise<void> => {
    stopping.abort()
    stopReconciling?.()
    environments?.stop()
    await Promise.race([slots.idle(), sleep(graceMs, undefined, { ref: false })])
    stopped.abort()
    await slots.idle()
    await cleanups.idle()
    for (const executor of executors) await executor.close()
    await rm(workDirectory, { recursive: true, force: true })
    settle?.resolve()
  }

  const runner: Runner = {
    id,
    closed,
    async start() {
      await rm(join(workDirectory, 'blobs'), { recursive: true, force: true })
      await mkdir(workDirectory, { recursive: true, mode: 0o711 })
      // By then no lease of theirs is current any more, and nobody can say whose the scripts are that killed runners left.
      const late = setTimeout(() => void letGo({ executors, logger }), LET_GO_AFTER_MS).unref()
      stopping.signal.throwIfAborted()
      environments = watchEnvironments(executors, () => calls.registerChanges(), logger)
      const context = toContext(await calls.register().finally(() => clearTimeout(late)))
      const putInOrder = () => reconcile(context, id, (attempt) => slots.occupy(attempt))
      await putInOrder()
      logger.info(`runner ${id} claims from ${api.url} with ${size} slots`)
      stopReconciling = reconcileRegularly(putInOrder, logger)
      work(context).catch((error: unknown) => {
        settle?.reject(error)
        void runner.stop()
      })
    },
    stop: (graceMs = 0) => (stop ??= shutDown(graceMs)),
    [Symbol.asyncDispose]: () => runner.stop(),
  }
  return runner
}
