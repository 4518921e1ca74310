import { RGridError } from '@rgrid/protocol'
import type { Result } from '../types.js'

const STDERR_TAIL_CHARS = 2_000

/** A run that did not end with exit code 0, thrown only by {@link Result.orThrow}. It has the shape of the result. */
export class RunError extends Error {
  readonly result: Result
  readonly id: string
  readonly status: Result['status']
  readonly exitCode: number | null
  readonly signal: string | null
  /** The message without the end of stderr. */
  readonly shortMessage: string

  constructor(result: Result) {
    const shortMessage = describeFailure(result)
    const tail = result.stderr.slice(-STDERR_TAIL_CHARS).trimEnd()
    super(tail === '' ? shortMessage : `${shortMessage}\n${tail}`)
    this.name = 'RunError'
    this.result = result
    this.id = result.id
    this.status = result.status
    this.exitCode = result.exitCode
    this.signal = result.signal
    this.shortMessage = shortMessage
  }
}

/** Says in one line how a run ended that did not succeed. */
export function describeFailure({ id, cause, exitCode, signal, message, record }: Result): string {
  const why = message === null ? '' : `: ${message}`
  switch (cause) {
    case 'exit':
      return `${id} ended with exit code ${String(exitCode)}${why}`
    case 'signal':
      return `${id} was killed by ${signal ?? 'a signal'}${why}`
    case 'timeout':
      return `${id} was stopped at its timeout of ${record.timeoutMs} ms${why}`
    case 'cancelled':
      return `${id} was cancelled${why}`
    case 'out_of_memory':
      return `${id} ran out of memory${why}`
    case 'runner_lost':
    case 'engine_restart':
    case 'container_removed':
      return `${id} was lost, its script may have run in part (${cause})${why}`
    default:
      return `${id} could not be carried out (${cause})${why}`
  }
}

/** Reads the cause of a finished execution. @throws RGridError `protocol` when the server has not said one. */
export function requireCause<T>(cause: T | null, id: string): T {
  if (cause === null) throw new RGridError('protocol', `the server ended ${id} without a cause`)
  return cause
}
