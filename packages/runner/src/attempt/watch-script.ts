import type { Cause, Complete } from '@rgrid/protocol'
import type { Exit, Running } from '../executors/executor.js'
import { stopScript } from './stop-script.js'

/** How a script ended, and why. */
export type ScriptEnd = Pick<Complete, 'cause' | 'exitCode' | 'signal' | 'message' | 'usage'>

/** Why the runner ended a script, where it was not the script's own doing. */
type StopReason = Extract<Cause, 'timeout' | 'cancelled' | 'runner_lost'>

/** What may end a script before its time. */
export interface StopSignals {
  readonly timeoutMs: number
  /** Somebody asked for its end. */
  readonly cancelled: AbortSignal
  /** The runner has to stop. */
  readonly stopped: AbortSignal
  /** The right to the attempt is gone. */
  readonly lost: AbortSignal
}

/** Waits for the end of a script, and brings it about when there is a reason. The first reason stands. */
export async function watchScript(running: Running, signals: StopSignals): Promise<ScriptEnd> {
  let reason: StopReason | undefined
  const stop = (why: StopReason) => (): void => {
    if (reason !== undefined) return
    reason = why
    void stopScript(running, why === 'runner_lost' ? 0 : undefined)
  }
  const timer = setTimeout(stop('timeout'), signals.timeoutMs)
  const over = new AbortController()
  onAbort(signals.cancelled, stop('cancelled'), over.signal)
  onAbort(signals.stopped, stop('runner_lost'), over.signal)
  onAbort(signals.lost, () => void running.signal('SIGKILL'), over.signal)
  const exit = await running.exit
  clearTimeout(timer)
  over.abort()
  return describeEnd(exit, reason)
}

/** Runs `listener` when `signal` aborts, or now if it has, unless `over` comes first. */
function onAbort(signal: AbortSignal, listener: () => void, over: AbortSignal): void {
  if (signal.aborted) listener()
  else signal.addEventListener('abort', listener, { once: true, signal: over })
}

function describeEnd(
  { cause, exitCode, signal, message, usage }: Exit,
  reason: StopReason | undefined,
): ScriptEnd {
  const isLost = cause === 'engine_restart' || cause === 'container_removed'
  if (reason === undefined || isLost) return { cause, exitCode, signal, message, usage }
  const why = reason === 'runner_lost' ? 'the runner was stopped while the script ran' : null
  return { cause: reason, exitCode, signal, message: why, usage }
}
