import { RGridError } from '@rgrid/protocol'
import type { Context } from '../context.js'
import { executionNotFound } from '../store/faults.js'

/**
 * Deletes an ended execution with its log and files. Should this be cut off, what is left goes with the next round of
 * collecting.
 *
 * @throws RGridError `not_found` or `not_finished`.
 */
export async function removeExecution({ store }: Context, project: string, id: string): Promise<void> {
  if (!(await store.retention.remove(project, id))) throw executionNotFound(id)
  while (await store.retention.drain(id));
}

/**
 * Deletes the bytes of an output of an ended execution. Its name stays, with when it was deleted.
 *
 * @throws RGridError `not_found` or `not_finished`.
 */
export async function removeOutput(
  { store }: Context,
  project: string,
  id: string,
  path: string,
): Promise<void> {
  if (await store.retention.removeOutput(project, id, path)) return
  throw new RGridError('not_found', `${id} has no output file "${path}": GET its /artifacts lists them`)
}
