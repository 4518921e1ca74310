import { LIMITS, type Claim } from '@rgrid/protocol'
import type { Api } from '@rgrid/protocol/client'
import { setTimeout as sleep } from 'node:timers/promises'
import { InstallError, StartError, type Executor, type Place } from '../executors/executor.js'
import type { Logger } from '../logger.js'
import { createMemo } from './attempt-memo.js'
import { createAttemptReporter, NOT_STARTED, toEnding } from './attempt-reporter.js'
import { followScript } from './follow-script.js'
import { keepLease, type LeaseKeeper } from './lease-keeper.js'
import type { FetchBlob } from './place-file.js'
import { preparePlace } from './prepare-place.js'
import { createStopwatch } from './stopwatch.js'
import { fillWorkspace, type Workspace } from './workspace.js'

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

/** The server's word on whether a script may start. */
interface Permission {
  readonly granted: Promise<void>
  /** Aborts with the reason when it may not. */
  readonly refused: AbortSignal
}

const CANCELLED = new Error('a cancel was requested before the start')
// Removing a container takes its time, and the result shall be with whoever waits for it by then.
const REMOVE_AFTER_MS = 10
// Beyond the runner's own limit and its grace: this one only counts when the runner does not.
const DEADLINE_MARGIN_MS = LIMITS.killGraceMs + 1_000

/**
 * Carries one claim to its end: finds a place, fills the workspace, starts the script, and follows it. Never rejects. When
 * the lease is lost the script is killed and nothing more is reported: the execution belongs to someone else.
 */
export async function runAttempt(context: AttemptContext, claim: Claim): Promise<void> {
  const lost = new AbortController()
  const cancelled = new AbortController()
  const lease = keepLease({
    ...context,
    right: claim,
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

/** Removes a place when the result has had time to get away. */
export async function removeSoon(place: Pick<Place, 'remove'>): Promise<void> {
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
  const { spec } = claim
  const reporter = createAttemptReporter(api, claim, logBytes, lost)
  const watch = createStopwatch()

  /** Reports an attempt whose script was not started. */
  const giveUp = async (error: unknown): Promise<void> => {
    if (lost.aborted || stopped.aborted) throw error
    if (cancelled.aborted) return reporter.complete({ ...NOT_STARTED, cause: 'cancelled', message: null })
    const log = reporter.openLog()
    if (error instanceof InstallError) log.write({ stream: 'stderr', bytes: error.output, at: Date.now() })
    return reporter.complete(
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

  /** Asks the server whether the script may start; while the answer is on its way everything else gets ready. */
  const askToStart = (): Permission => {
    const control = new AbortController()
    const granted = reporter.started().then(({ cancelRequested }) => {
      if (cancelRequested || cancelled.aborted) throw CANCELLED
    })
    granted.catch((error: unknown) => control.abort(error))
    return { granted, refused: control.signal }
  }

  const fill = async (place: Place, { granted, refused }: Permission): Promise<Workspace | undefined> => {
    try {
      const canShare = place.canShareInputs === true && spec.writableInputs !== true
      return await fillWorkspace(place.workDir, claim, { fetchBlob, canShare })
    } catch (error) {
      await Promise.allSettled([granted])
      if (refused.aborted) await acceptRefusal(refused)
      else await reporter.complete(toEnding('blob_store', error))
      return undefined
    }
  }

  const acceptRefusal = async ({ reason }: AbortSignal): Promise<void> => {
    if (reason !== CANCELLED) throw reason
    await reporter.complete({ ...NOT_STARTED, cause: 'cancelled', message: null })
  }

  const run = async (place: Place): Promise<void> => {
    const permission = askToStart()
    const workspace = await fill(place, permission)
    if (workspace === undefined) return
    watch.lap('inputsMs')
    const log = reporter.openLog()
    const { script, args, env, stdin, timeoutMs, files } = spec
    const inputBytes = files.reduce((sum, { size }) => sum + size, 0)
    const deadlineMs = timeoutMs + DEADLINE_MARGIN_MS
    const memo = JSON.stringify(createMemo(claim, workspace))
    const launch = { script, args, env, stdin, inputBytes, deadlineMs, memo, mayStart: permission.granted }
    const running = await place.start(launch).catch(async (error: unknown) => {
      await (permission.refused.aborted ? acceptRefusal(permission.refused) : giveUp(error))
    })
    if (running === undefined) return
    watch.lap('launchMs')
    const stop = { timeoutMs, cancelled, stopped, lost }
    await followScript({ api, reporter, lease, log, place, workspace, stop, watch }, running)
  }

  return { id: reporter.id, prepare, run }
}
