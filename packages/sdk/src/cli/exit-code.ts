import type { ErrorCode } from '@rgrid/protocol'
import { constants } from 'node:os'
import type { Result } from '../types.js'
import { asRGridError, OutputError, StateError, UsageError } from './errors.js'

/** The exit codes of `rgrid` that are not the script's own. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  authentication: 4,
  timeout: 124,
  rgrid: 125,
  interrupted: 130,
  outOfMemory: 137,
  brokenPipe: 141,
} as const

/** What `rgrid help exit-codes` prints. */
export const EXIT_CODES_HELP = `Exit codes of run, attach and wait:
  0-255  the script's own exit code
  124    the script ran into its timeout
  125    RGrid failed: the server is out of reach, the runner was lost, files could not come home
  130    the execution was cancelled, or Ctrl-C left it
  137    the script ran out of memory
  128+n  the script was ended by signal n, such as 139 for SIGSEGV

Exit codes of run --batch, batch attach and batch wait:
  0      every item completed
  1      an item did not
  125    RGrid failed, or files could not come home
  130    Ctrl-C left or cancelled it

Exit codes of every command:
  0      done
  1      what was asked for is not there or is over already, or the output could not be written
  2      wrong usage: an unknown flag, a missing file, a value over a limit
  4      no API key, or one that does not allow it
  125    RGrid failed
  141    the reader of the output went away, as in rgrid logs ID | head -1
`

/** 128 + n, as shells report an end by signal n; `undefined` for an unknown name. */
export function signalToExitCode(signal: string): number | undefined {
  const number = Object.entries(constants.signals).find(([name]) => name === signal)?.[1]
  return number === undefined ? undefined : 128 + number
}

/** The exit code of an execution: the script's own wherever it had one to give. */
export function resultToExitCode(result: Pick<Result, 'status' | 'cause' | 'exitCode' | 'signal'>): number {
  const { status, cause, exitCode, signal } = result
  if (status === 'completed') return EXIT.ok
  if (status === 'timed_out') return EXIT.timeout
  if (status === 'cancelled') return EXIT.interrupted
  if (cause === 'out_of_memory') return EXIT.outOfMemory
  if (cause === 'signal' && signal !== null) return signalToExitCode(signal) ?? EXIT.rgrid
  // A failure must never look like a success, whatever the script said last.
  if (cause === 'exit' || cause === 'output_limit')
    return exitCode === 0 ? EXIT.rgrid : (exitCode ?? EXIT.rgrid)
  return EXIT.rgrid
}

const BY_ERROR_CODE: Partial<Record<ErrorCode, number>> = {
  invalid_request: EXIT.usage,
  unknown_runtime: EXIT.usage,
  too_large: EXIT.usage,
  invalid_config: EXIT.usage,
  unauthenticated: EXIT.authentication,
  forbidden: EXIT.authentication,
  not_found: EXIT.failure,
  already_finished: EXIT.failure,
  not_finished: EXIT.failure,
  expired: EXIT.failure,
  cancelled: EXIT.interrupted,
}

/** The exit code of a command that failed with an error. */
export function errorToExitCode(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage
  if (error instanceof StateError) return EXIT.failure
  if (error instanceof OutputError) return error.isBrokenPipe ? EXIT.brokenPipe : EXIT.failure
  const known = asRGridError(error)
  return (known && BY_ERROR_CODE[known.code]) ?? EXIT.rgrid
}
