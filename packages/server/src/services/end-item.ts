import type { Status } from '@rgrid/protocol'
import type { Context } from '../context.js'
import { batchTopic, queueTopic } from '../signals.js'
import { cancelItems } from './cancel-items.js'

/** An execution that has ended. */
export interface EndedExecution {
  readonly id: string
  readonly project: string
  /** `null` where it was not started for a batch; it may stand for an item all the same. */
  readonly lane: string | null
  readonly status: Status
}

/**
 * Sees to the batches of an execution that has ended: tells who follows them, lets the next of the lane go, and ends those
 * that end with their first failure.
 */
export async function endItem(
  context: Context,
  { id, project, lane, status }: EndedExecution,
): Promise<void> {
  const { store, signals, pool } = context
  signals.notifySoon(batchTopic(project))
  if (lane !== null) signals.notify(queueTopic(project, pool))
  if (status === 'completed') return
  for (const batchId of await store.batches.listFailingFast(project, id))
    await cancelItems(context, project, batchId)
}
