import type { RGridError } from '@rgrid/protocol'

/** A command was written wrongly; the message says what to write. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** What a command would do is done already, or cannot be done as things stand here. */
export class StateError extends Error {
  override readonly name = 'StateError'
}

/** Nobody takes the output: the pipe is closed, or the disk is full. */
export class OutputError extends Error {
  override readonly name = 'OutputError'
  readonly isBrokenPipe: boolean

  constructor(cause: Error) {
    super(`cannot write the output (${cause.message}): free some space or write it elsewhere`, { cause })
    const code = 'code' in cause ? cause.code : undefined
    this.isBrokenPipe = code === 'EPIPE' || code === 'EIO' || code === 'ERR_STREAM_DESTROYED'
  }
}

const MARK = Symbol.for('rgrid.error')

// By its mark, because importing the class loads the schemas, which a quick failure should not wait for.
const isRGridError = (error: unknown): error is RGridError =>
  typeof error === 'object' && error !== null && MARK in error

/** The error when it is one of RGrid's own. */
export const asRGridError = (error: unknown): RGridError | undefined =>
  isRGridError(error) ? error : undefined

/** What was saved before a download failed. */
export function savedOf(error: unknown): readonly string[] {
  const known = asRGridError(error)
  return known?.code === 'not_saved' && 'saved' in known ? (known.saved as readonly string[]) : []
}

/** The message of whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
