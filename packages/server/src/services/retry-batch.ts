import { createExecutionId, type BatchItemRecord } from '@rgrid/protocol'
import type { Context } from '../context.js'
import { batchTopic, queueTopic } from '../signals.js'
import type { RetriedItem, StoredBatch } from '../store/batch-store.js'
import { findBatch } from './batches.js'
import { findExecution } from './executions.js'
import { hashSpec } from './hash-spec.js'
import { findRetry } from './retry-execution.js'

// What is started in one transaction: others get their turn between two of them.
const PAGE = 100

/**
 * Starts all items of a batch again that have failed, as they were. Asking again starts only what has failed since.
 *
 * @returns how many that are.
 * @throws RGridError `not_found`, `missing_blobs` naming a file that is gone, and what submitting throws; what was started
 * before stays so.
 */
export async function retryBatch(context: Context, project: string, id: string): Promise<number> {
  const { store, signals, pool } = context
  const batch = await findBatch(context, project, id)
  let retried = 0
  for (let after = -1; ;) {
    const failed = await store.batches.listItems(project, id, { failed: true, after, limit: PAGE })
    const items = await Promise.all(failed.map((item) => toRetried(context, project, batch, item)))
    retried += await store.batches.retry(project, id, items)
    signals.notify(queueTopic(project, pool))
    signals.notify(batchTopic(project))
    const last = failed.at(-1)
    if (last === undefined || failed.length < PAGE) return retried
    after = last.index
  }
}

async function toRetried(
  context: Context,
  project: string,
  { lane }: StoredBatch,
  { index, executionId }: BatchItemRecord,
): Promise<RetriedItem> {
  const stored = await findExecution(context, project, executionId)
  const { spec, files } = await findRetry(context, project, stored)
  const id = createExecutionId()
  const specHash = hashSpec({ ...spec, retryOf: executionId }, files)
  return {
    index,
    failedId: executionId,
    submission: {
      ...{ id, project, pool: context.pool, spec, specHash, files, inline: [], retryOf: executionId },
      batch: { lane, fingerprint: stored.fingerprint ?? specHash },
    },
  }
}
