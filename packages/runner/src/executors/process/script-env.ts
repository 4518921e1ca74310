import type { PlaceRequest } from '../executor.js'

/** What a program needs to find its way on the machine it runs on. Everything else of the runner's stays with it. */
const KEPT = /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TZ|TMPDIR|SSL_CERT_FILE|SSL_CERT_DIR)$/

/** The environment of a script: the machine's own bearings, the caller's values, and the marks of RGrid. */
export function createScriptEnv(
  env: Readonly<Record<string, string>>,
  { executionId, attempt }: Pick<PlaceRequest, 'executionId' | 'attempt'>,
  marks: Readonly<Record<string, string>>,
  own: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const kept = Object.entries(own).filter(
    (entry): entry is [string, string] => KEPT.test(entry[0]) && entry[1] !== undefined,
  )
  return {
    ...Object.fromEntries(kept),
    // Python would hold back what it prints to a pipe until it ends.
    PYTHONUNBUFFERED: '1',
    ...env,
    RGRID_EXECUTION_ID: executionId,
    RGRID_ATTEMPT: String(attempt),
    ...marks,
  }
}
