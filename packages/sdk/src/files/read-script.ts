import { LIMITS, RGridError } from '@rgrid/protocol'
import { readFileSync, statSync } from 'node:fs'

/** A script as it was read, once: what is looked at is what is sent. */
export interface ReadScript {
  readonly bytes: Buffer
  /** The permissions of its file. */
  readonly mode: number
}

/**
 * Checks that a path names a script that can be sent, and reads it.
 *
 * @throws RGridError `invalid_request` when it is missing, unreadable, no regular file, empty or too large.
 */
export function readScript(path: string, name: string): ReadScript {
  const fail = (fault: string, cause?: unknown): never => {
    throw new RGridError('invalid_request', `script: ${JSON.stringify(name)} ${fault}`, { cause })
  }
  if (path.includes('\0')) fail('has a NUL character')
  const stats = attempt(
    () => statSync(path),
    (error) => fail(`cannot be found (${codeOf(error)}): check the path`, error),
  )
  if (stats.isDirectory()) fail('is a directory: name the file to run in it')
  if (!stats.isFile()) fail('is not a regular file: save the script to a file first')
  if (stats.size === 0) fail('is empty')
  if (stats.size > LIMITS.scriptBytes)
    fail(`is over the limit of ${LIMITS.scriptBytes} bytes: move its data into an input file`)
  const bytes = attempt(
    () => readFileSync(path),
    (error) => fail(`cannot be read (${codeOf(error)}): check its permissions`, error),
  )
  if (bytes.toString().trim() === '') fail('is empty')
  return { bytes, mode: stats.mode }
}

/** What comes of an action, at once: for one small file other threads would take longer. */
function attempt<T>(action: () => T, fail: (error: unknown) => never): T {
  try {
    return action()
  } catch (error) {
    return fail(error)
  }
}

/** The system's code of an error, such as `ENOENT`. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
