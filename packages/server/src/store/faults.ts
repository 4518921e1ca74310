import { LIMITS, RGridError } from '@rgrid/protocol'

/** The lease of a write is not the current one. */
export const leaseLost = (): RGridError =>
  new RGridError(
    'lease_lost',
    'this lease is not the current one: the attempt has ended or was given to another runner; stop it and report nothing more',
  )

/** A log chunk does not follow the last one. */
export const logGap = (expected: number, found: number): RGridError =>
  new RGridError(
    'log_gap',
    `log chunk ${found} came where ${expected} is next: send the chunks from ${expected} on again`,
  )

/** More log bytes than an attempt may have. */
export const logTooLarge = (): RGridError =>
  new RGridError(
    'too_large',
    `the log is over the limit of ${LIMITS.logBytes} bytes: drop the middle and send the length of the gap`,
  )

/** Files refer to blobs that the project does not have. */
export const missingBlobs = (missing: readonly string[]): RGridError =>
  new RGridError(
    'missing_blobs',
    `${missing.length} of the files are not here yet: upload them with PUT /v1/blobs/{sha256} and repeat the request`,
    { missing },
  )

/** The bytes of a file are not what its digest and size say. */
export const digestMismatch = (what: string): RGridError =>
  new RGridError(
    'digest_mismatch',
    `the bytes of ${what} do not match its SHA-256 and size: it changed while it was read, or on the way; send it again`,
  )

/** More files than an attempt may bring home. */
export const outputsTooLarge = (): RGridError =>
  new RGridError(
    'too_large',
    `the files of one attempt are over the limit of ${LIMITS.outputFiles} files or ${LIMITS.outputBytes} bytes: leave some out, and list them as skipped`,
  )

/** Another execution has this id. */
export const idConflict = (id: string): RGridError =>
  new RGridError('id_conflict', `${id} is taken by another execution: submit under a new id`)

/** The same was submitted before under its key. */
export const keyTaken = (key: string, executionId: string): RGridError =>
  new RGridError(
    'key_taken',
    `the key ${JSON.stringify(key)} was used for the same before: see ${executionId}`,
    {
      executionId,
    },
  )

/** The key stands for something else. */
export const keyConflict = (key: string, executionId: string): RGridError =>
  new RGridError(
    'key_conflict',
    `the key ${JSON.stringify(key)} was used for another request, ${executionId}: script, arguments, environment, files or options differ; choose another key`,
    { executionId },
  )

/** Says which item of a request it was whose key stands for something else. Other errors stay as they are. */
export function inItem(error: unknown, position: number): unknown {
  if (!(error instanceof RGridError && error.code === 'key_conflict')) return error
  const { message, executionId } = error
  const path = `items.${position}.key`
  return new RGridError('key_conflict', `${path}: ${message}`, { executionId, issues: [{ path, message }] })
}

/** Two items of one request that differ have the same key. */
export function keyTwice(position: number, other: number, key: string): RGridError {
  const path = `items.${position}.key`
  const message = `${JSON.stringify(key)} is the key of items.${other} too, which is not the same: choose another key`
  return new RGridError('key_conflict', `${path}: ${message}`, { issues: [{ path, message }] })
}

/** Too many executions wait. */
export const queueFull = (): RGridError =>
  new RGridError(
    'queue_full',
    `the project has reached the limit of ${LIMITS.queuedPerProject} queued executions: wait until some have run`,
  )

/** No execution with this id in the caller's project. */
export const executionNotFound = (id: string): RGridError =>
  new RGridError('not_found', `there is no execution ${id} in this project: check the id and the API key`)

/** No batch with this id in the caller's project. */
export const batchNotFound = (id: string): RGridError =>
  new RGridError('not_found', `there is no batch ${id} in this project: check the id and the API key`)

/** Nothing is added to a batch that is to end. */
export const batchCancelled = (id: string): RGridError =>
  new RGridError('already_finished', `${id} was cancelled: open another batch for more items`)

/** The runner has not registered, or this store has forgotten it. */
export const runnerUnknown = (id: string): RGridError =>
  new RGridError('runner_unknown', `runner ${id} is not known here: register it, then claim again`)

/** Not over yet. */
export const notFinished = (id: string, status: string): RGridError =>
  new RGridError(
    'not_finished',
    `${id} has not ended (it is ${status}), and only what has can be deleted or run again: wait for its end, or cancel it`,
  )

/** Files that a new execution would need are not kept any more. */
export const filesGone = (id: string, paths: readonly string[], missing: readonly string[]): RGridError => {
  const [first = '', ...others] = paths
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`
  return new RGridError(
    'missing_blobs',
    `the file "${first}" of ${id}${more} is not kept here any more, so it cannot be run again from here: run the script anew from its files`,
    { missing },
  )
}

/** Nothing to cancel any more. */
export const alreadyFinished = (id: string, status: string): RGridError =>
  new RGridError('already_finished', `${id} has ended before (${status}): there is nothing left to cancel`)
