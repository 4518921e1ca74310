import { RGridError } from '@rgrid/protocol'
import type { Context } from '../context.js'
import { batchTopic, controlTopic, executionTopic } from '../signals.js'

// Between two of them others get their turn.
const PAGE = 100

/** Cancels what of a batch has not ended: at once what is queued, else by asking its runner. No more is added to it. */
export async function cancelItems(
  { store, signals }: Context,
  project: string,
  batchId: string,
): Promise<void> {
  await store.batches.requestCancel(project, batchId)
  for (;;) {
    const ids = await store.batches.listUnfinished(project, batchId, PAGE)
    for (const id of ids) {
      await store.executions.cancel(project, id).catch((error: unknown) => {
        // It has ended meanwhile.
        if (!(error instanceof RGridError && error.code === 'already_finished')) throw error
      })
      signals.notify(controlTopic(id))
      signals.notify(executionTopic(id))
    }
    signals.notifySoon(batchTopic(project))
    if (ids.length < PAGE) return
  }
}
