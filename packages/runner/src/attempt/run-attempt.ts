import {
  formatAttemptId,
  LIMITS,
  leaseStateSchema,
  okSchema,
  type Cause,
  type Claim,
  type Complete,
  type LogChunk,
} from '@rgrid/protocol'
import { RETRY_LONG, type Api } from '@rgrid/protocol/client'
import { StartError, type Executor, type Exit, type Running } from '../executors/executor.js'
import type { Logger } from '../logger.js'
import { collectOutputs, type Outputs } from './collect-outputs.js'
import { keepLease, type LeaseKeeper } from './lease-keeper.js'
import { createLogShipper } from './log-shipper.js'
import { pumpOutput } from './pump-output.js'
import { stopScript } from './stop-script.js'
import { createWorkspace, type FetchBlob, type Workspace } from './workspace.js'

/** What an attempt needs of its runner. */
export interface AttemptContext {
  readonly api: Api
  readonly executors: readonly Executor[]
  readonly workRoot: string
  readonly fetchBlob: FetchBlob
  readonly leaseMs: number
  readonly longPollMs: number
  readonly logBytes: number
  readonly logger: Logger
  /** Aborts when the runner has to stop now: the script is ended and reported. */
  readonly stopped: AbortSignal
}

/** Why the runner ended a script, where it was not the script's own doing. */
type StopReason = Extract<Cause, 'timeout' | 'cancelled' | 'runner_lost'>

type Ending = Pick<Complete, 'cause' | 'exitCode' | 'signal' | 'message' | 'usage'>

const NOT_STARTED = { exitCode: null, signal: null, usage: null } as const

/**
 * Carries one claim to its end: prepares the workspace, starts the script, ships its output, watches the timeout and
 * cancel requests, brings its files home and reports. Never rejects. When the lease is lost the script is killed and
 * nothing more is reported: the execution belongs to someone else.
 */
export async function runAttempt(context: AttemptContext, claim: Claim): Promise<void> {
  const { api, logger } = context
  const lost = new AbortController()
  const cancelled = new AbortController()
  const lease = keepLease({
    ...context,
    claim,
    onCancel: () => cancelled.abort(),
    onLost: () => lost.abort(),
  })
  const attempt = createAttempt(context, claim, lease, lost.signal, cancelled.signal)
  let workspace: Workspace | undefined
  try {
    const [prepared, started] = await Promise.allSettled([
      createWorkspace(context.workRoot, claim, context.fetchBlob),
      api.call(leaseStateSchema, attempt.post('started', {}), { signal: lost.signal, retry: RETRY_LONG }),
    ])
    if (prepared.status === 'fulfilled') workspace = prepared.value
    if (started.status === 'rejected') throw started.reason
    if (prepared.status === 'rejected') return await attempt.complete(toEnding('blob_store', prepared.reason))
    if (started.value.cancelRequested) cancelled.abort()
    if (cancelled.signal.aborted)
      return await attempt.complete({ ...NOT_STARTED, cause: 'cancelled', message: null })
    await attempt.run(prepared.value)
  } catch (error) {
    logger.warn(`attempt ${attempt.id} was given up: ${String(error)}`)
  } finally {
    lease.stop()
    await workspace?.remove().catch((error: unknown) => logger.warn(`${attempt.id}: ${String(error)}`))
  }
}

function createAttempt(
  context: AttemptContext,
  claim: Claim,
  lease: LeaseKeeper,
  lost: AbortSignal,
  cancelled: AbortSignal,
) {
  const { api, executors, logBytes } = context
  const { spec, executionId, leaseToken } = claim
  const id = formatAttemptId(executionId, claim.attempt)

  const post = (verb: string, body: object) =>
    ({ method: 'POST', path: `/v1/runner/attempts/${id}/${verb}`, json: { leaseToken, ...body } }) as const
  const deliver = async (verb: string, body: object): Promise<void> => {
    await api.call(okSchema, post(verb, body), { signal: lost, retry: RETRY_LONG })
  }
  const complete = (
    ending: Ending,
    chunks: LogChunk[] = [],
    outputs: Outputs = { files: [], skipped: [] },
  ): Promise<void> =>
    deliver('complete', { ...ending, chunks, outputs: outputs.files, skipped: outputs.skipped })

  const start = (workspace: Workspace): Promise<Running> => {
    const executor = executors.find(({ name }) => name === claim.executor)
    if (executor === undefined)
      throw new StartError('internal', `this runner has no executor ${claim.executor}`)
    const { runtime, script, args, env } = spec
    const limits = { memoryMib: LIMITS.memoryDefaultMib, pids: LIMITS.pids }
    return executor.start({
      executionId,
      attempt: claim.attempt,
      runtime,
      script,
      args,
      env,
      workDir: workspace.workDir,
      ...limits,
    })
  }

  const collect = async (workspace: Workspace, ending: Ending): Promise<[Ending, Outputs]> => {
    try {
      return [ending, await collectOutputs(api, workspace, () => lease.finishing())]
    } catch (error) {
      const reason = 'could not be stored'
      return [
        { ...ending, cause: 'blob_store', message: String(error) },
        { files: [], skipped: [{ path: '.', reason }] },
      ]
    }
  }

  const run = async (workspace: Workspace): Promise<void> => {
    const log = createLogShipper({
      limitBytes: logBytes,
      tailBytes: Math.min(LIMITS.logTailBytes, logBytes),
      send: (chunks) => deliver('logs', { chunks }),
    })
    let running: Running
    try {
      running = await start(workspace)
    } catch (error) {
      return complete(toEnding(error instanceof StartError ? error.reason : 'internal', error))
    }
    try {
      const pumped = pumpOutput(running, log)
      const ending = await watch(running)
      await pumped
      if (lost.aborted) return
      const [final, outputs] = await collect(workspace, ending)
      await complete(final, await log.finish(), outputs)
    } finally {
      await running.release()
    }
  }

  /** Waits for the end of the script, and brings it about when there is a reason. The first reason stands. */
  const watch = async (running: Running): Promise<Ending> => {
    let reason: StopReason | undefined
    const stop = (why: StopReason) => (): void => {
      if (reason !== undefined) return
      reason = why
      void stopScript(running, why === 'runner_lost' ? 0 : undefined)
    }
    const kill = (): void => void running.signal('SIGKILL')
    const timer = setTimeout(stop('timeout'), spec.timeoutMs)
    const over = new AbortController()
    onAbort(cancelled, stop('cancelled'), over.signal)
    onAbort(context.stopped, stop('runner_lost'), over.signal)
    onAbort(lost, kill, over.signal)
    const exit = await running.exit
    clearTimeout(timer)
    over.abort()
    return describeEnd(exit, reason)
  }

  return { id, post, complete, run }
}

/** Runs `listener` when `signal` aborts, or now if it has, unless `over` comes first. */
function onAbort(signal: AbortSignal, listener: () => void, over: AbortSignal): void {
  if (signal.aborted) listener()
  else signal.addEventListener('abort', listener, { once: true, signal: over })
}

function describeEnd(
  { cause, exitCode, signal, message, usage }: Exit,
  reason: StopReason | undefined,
): Ending {
  const isLost = cause === 'engine_restart' || cause === 'container_removed'
  if (reason === undefined || isLost) return { cause, exitCode, signal, message, usage }
  const why = reason === 'runner_lost' ? 'the runner was stopped while the script ran' : null
  return { cause: reason, exitCode, signal, message: why, usage }
}

function toEnding(cause: Cause, error: unknown): Ending {
  return { ...NOT_STARTED, cause, message: error instanceof Error ? error.message : String(error) }
}
