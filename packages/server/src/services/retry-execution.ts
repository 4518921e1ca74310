import { isTerminal } from '@rgrid/protocol'
import type { Context } from '../context.js'
import { filesGone, notFinished } from '../store/faults.js'
import { findExecution } from './executions.js'
import { submitExecution } from './submit-execution.js'

/**
 * Accepts a new execution of the same spec with the same files as one that has ended; asking again under the same new id
 * finds the first.
 *
 * @returns whether it is new.
 * @throws RGridError `not_found`, `not_finished`, `missing_blobs` naming a file that is gone, and what submitting throws.
 */
export async function retryExecution(
  context: Context,
  project: string,
  id: string,
  newId: string,
): Promise<boolean> {
  const { store } = context
  // A key stands for the first one.
  const {
    status,
    spec: { key: _key, ...spec },
  } = await findExecution(context, project, id)
  if (!isTerminal(status)) throw notFinished(id, status)
  const artifacts = await store.executions.listArtifacts(project, id, 'input')
  const files = artifacts.map(({ kind: _kind, ...file }) => file)
  if ((await store.executions.glance(project, newId)) === undefined) {
    const digests = files.map(({ sha256 }) => sha256)
    const missing = await store.blobs.listMissing(project, digests)
    const gone = files.filter(({ sha256 }) => missing.includes(sha256)).map(({ path }) => path)
    if (gone.length > 0) throw filesGone(id, gone, missing)
  }
  return submitExecution(context, project, newId, { ...spec, files }, id)
}
