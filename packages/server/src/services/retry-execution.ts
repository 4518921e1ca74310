import { isTerminal, type FileRef } from '@rgrid/protocol'
import type { Context } from '../context.js'
import type { StoredExecution, StoredSpec } from '../store/execution-store.js'
import { filesGone, notFinished } from '../store/faults.js'
import { findExecution } from './executions.js'
import { submitExecution, type Accepted } from './submit-execution.js'

/**
 * Accepts a new execution of the same spec with the same files as one that has ended; asking again under the same new id
 * finds the first.
 *
 * @throws RGridError `not_found`, `not_finished`, `missing_blobs` naming a file that is gone, and what submitting throws.
 */
export async function retryExecution(
  context: Context,
  project: string,
  id: string,
  newId: string,
): Promise<Accepted> {
  const { store } = context
  const stored = await findExecution(context, project, id)
  if (!isTerminal(stored.status)) throw notFinished(id, stored.status)
  const isKnown = (await store.executions.glance(project, newId)) !== undefined
  const { spec, files } = await (isKnown ? readRetry : findRetry)(context, project, stored)
  return submitExecution(context, project, newId, { ...spec, files }, id)
}

/** What is run when an execution is run again. */
export interface RetryRequest {
  readonly spec: StoredSpec
  readonly files: FileRef[]
}

/**
 * Finds what an execution is run again with.
 *
 * @throws RGridError `missing_blobs` naming a file that is gone.
 */
export async function findRetry(
  context: Context,
  project: string,
  stored: StoredExecution,
): Promise<RetryRequest> {
  const request = await readRetry(context, project, stored)
  const digests = request.files.map(({ sha256 }) => sha256)
  const missing = await context.store.blobs.listMissing(project, digests)
  const gone = request.files.filter(({ sha256 }) => missing.includes(sha256)).map(({ path }) => path)
  if (gone.length > 0) throw filesGone(stored.id, gone, missing)
  return request
}

async function readRetry(
  { store }: Context,
  project: string,
  { id, spec: { key: _key, ...spec } }: StoredExecution,
): Promise<RetryRequest> {
  // A key stands for the first one.
  const artifacts = await store.executions.listArtifacts(project, id, 'input')
  return { spec, files: artifacts.map(({ kind: _kind, ...file }) => file) }
}
