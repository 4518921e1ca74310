import {
  formatAttemptId,
  LIMITS,
  leaseStateSchema,
  okSchema,
  type Cause,
  type Claim,
  type LogChunk,
  type Phases,
} from '@rgrid/protocol'
import { RETRY_LONG, type Api } from '@rgrid/protocol/client'
import { setTimeout as sleep } from 'node:timers/promises'
import { InstallError, StartError, type Executor, type Place } from '../executors/executor.js'
import type { Logger } from '../logger.js'
import { collectOutputs, type Outputs } from './collect-outputs.js'
import { keepLease, type LeaseKeeper } from './lease-keeper.js'
import { createLogShipper, type LogShipper } from './log-shipper.js'
import { preparePlace } from './prepare-place.js'
import { pumpOutput } from './pump-output.js'
import { createStopwatch } from './stopwatch.js'
import { watchScript, type Ending } from './watch-script.js'
import { fillWorkspace, type FetchBlob, type Workspace } from './workspace.js'

/** What an attempt needs of its runner. */
export interface AttemptContext {
  readonly api: Api
  readonly executors: readonly Executor[]
  readonly fetchBlob: FetchBlob
  readonly leaseMs: number
  readonly longPollMs: number
  readonly logBytes: number
  readonly logger: Logger
  /** Takes work that nobody has to wait for, but that has to be done before the runner stops. Never rejects. */
  readonly cleanUp: (work: Promise<void>) => void
  /** Aborts when the runner has to stop now: the script is ended and reported. */
  readonly stopped: AbortSignal
}

const NOT_STARTED = { exitCode: null, signal: null, usage: null } as const
// Removing a container takes its time, and the result shall be with whoever waits for it by then.
const REMOVE_AFTER_MS = 10
// Beyond the runner's own limit and its grace: this one only counts when the runner does not.
const DEADLINE_MARGIN_MS = LIMITS.killGraceMs + 1_000

/**
 * Carries one claim to its end: finds a place, fills the workspace, starts the script, ships its output, watches the
 * timeout and cancel requests, brings its files home and reports. Never rejects. When the lease is lost the script is
 * killed and nothing more is reported: the execution belongs to someone else.
 */
export async function runAttempt(context: AttemptContext, claim: Claim): Promise<void> {
  const lost = new AbortController()
  const cancelled = new AbortController()
  const lease = keepLease({
    ...context,
    claim,
    onCancel: () => cancelled.abort(),
    onLost: () => lost.abort(),
  })
  const attempt = createAttempt(context, claim, lease, lost.signal, cancelled.signal)
  const warn = (error: unknown): void => context.logger.warn(`attempt ${attempt.id}: ${String(error)}`)
  let place: Place | undefined
  try {
    place = await attempt.prepare()
    if (place !== undefined) await attempt.run(place)
  } catch (error) {
    warn(error)
  } finally {
    lease.stop()
    if (place !== undefined) context.cleanUp(removeSoon(place).catch(warn))
  }
}

async function removeSoon(place: Place): Promise<void> {
  await sleep(REMOVE_AFTER_MS)
  await place.remove()
}

function createAttempt(
  context: AttemptContext,
  claim: Claim,
  lease: LeaseKeeper,
  lost: AbortSignal,
  cancelled: AbortSignal,
) {
  const { api, logBytes, fetchBlob, stopped } = context
  const { spec, leaseToken } = claim
  const id = formatAttemptId(claim.executionId, claim.attempt)
  const watch = createStopwatch()

  const post = (verb: string, body: object) =>
    ({ method: 'POST', path: `/v1/runner/attempts/${id}/${verb}`, json: { leaseToken, ...body } }) as const
  const deliver = async (verb: string, body: object): Promise<void> => {
    await api.call(okSchema, post(verb, body), { signal: lost, retry: RETRY_LONG })
  }
  const complete = (
    ending: Ending,
    chunks: LogChunk[] = [],
    { files: outputs, skipped }: Outputs = { files: [], skipped: [] },
    phases: Phases | null = null,
  ): Promise<void> => deliver('complete', { ...ending, chunks, outputs, skipped, phases })
  const createLog = (): LogShipper =>
    createLogShipper({
      limitBytes: logBytes,
      tailBytes: Math.min(LIMITS.logTailBytes, logBytes),
      send: (chunks) => deliver('logs', { chunks }),
    })

  /** Reports an attempt whose script was not started. */
  const giveUp = async (error: unknown): Promise<void> => {
    if (lost.aborted || stopped.aborted) throw error
    if (cancelled.aborted) return complete({ ...NOT_STARTED, cause: 'cancelled', message: null })
    const log = createLog()
    if (error instanceof InstallError) log.write({ stream: 'stderr', bytes: error.output, at: Date.now() })
    return complete(
      toEnding(error instanceof StartError ? error.reason : 'internal', error),
      await log.finish(),
    )
  }

  const prepare = async (): Promise<Place | undefined> => {
    try {
      const signal = AbortSignal.any([lost, cancelled, stopped])
      return await preparePlace(
        { ...context, watch, signal, onProgress: (message) => lease.preparing(message) },
        claim,
      )
    } catch (error) {
      await giveUp(error)
      return undefined
    }
  }

  const fill = async (place: Place): Promise<Workspace | undefined> => {
    const [filled, started] = await Promise.allSettled([
      fillWorkspace(place.workDir, claim, fetchBlob),
      api.call(leaseStateSchema, post('started', {}), { signal: lost, retry: RETRY_LONG }),
    ])
    if (started.status === 'rejected') throw started.reason
    if (filled.status === 'fulfilled' && !started.value.cancelRequested && !cancelled.aborted)
      return filled.value
    if (filled.status === 'rejected') await complete(toEnding('blob_store', filled.reason))
    else await complete({ ...NOT_STARTED, cause: 'cancelled', message: null })
    return undefined
  }

  const collect = async (workspace: Workspace, ending: Ending): Promise<[Ending, Outputs]> => {
    try {
      return [ending, await collectOutputs(api, workspace, () => lease.finishing())]
    } catch (error) {
      const skipped = [{ path: '.', reason: 'could not be stored' }]
      return [
        { ...ending, cause: 'blob_store', message: String(error) },
        { files: [], skipped },
      ]
    }
  }

  const run = async (place: Place): Promise<void> => {
    const workspace = await fill(place)
    if (workspace === undefined) return
    watch.lap('inputsMs')
    const log = createLog()
    const { script, args, env, timeoutMs, files } = spec
    const inputBytes = files.reduce((sum, { size }) => sum + size, 0)
    const deadlineMs = timeoutMs + DEADLINE_MARGIN_MS
    const running = await place.start({ script, args, env, inputBytes, deadlineMs }).catch(giveUp)
    if (running === undefined) return
    watch.lap('launchMs')
    const pumped = pumpOutput(running, log, () => watch.noteOutput())
    const ending = await watchScript(running, { timeoutMs, cancelled, stopped, lost })
    watch.lap('scriptMs')
    await pumped
    if (lost.aborted) return
    const [final, outputs] = await collect(workspace, ending)
    watch.lap('outputsMs')
    await complete(final, await log.finish(), outputs, watch.read(place.container))
  }

  return { id, prepare, run }
}

function toEnding(cause: Cause, error: unknown): Ending {
  return { ...NOT_STARTED, cause, message: error instanceof Error ? error.message : String(error) }
}
