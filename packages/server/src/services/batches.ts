import type { BatchItemRecord, BatchRecord, BatchSpec } from '@rgrid/protocol'
import type { Context } from '../context.js'
import { batchTopic } from '../signals.js'
import type { ItemQuery, StoredBatch } from '../store/batch-store.js'
import { batchNotFound } from '../store/faults.js'
import { cancelItems } from './cancel-items.js'

/**
 * Opens a batch; opening it again changes nothing.
 *
 * @throws RGridError `id_conflict`.
 */
export async function openBatch(
  context: Context,
  project: string,
  id: string,
  spec: BatchSpec,
): Promise<BatchRecord> {
  await context.store.batches.open(project, id, spec)
  return getBatch(context, project, id)
}

/**
 * A batch and how far it is.
 *
 * @throws RGridError `not_found`.
 */
export async function getBatch(context: Context, project: string, id: string): Promise<BatchRecord> {
  return toRecord(context, project, await findBatch(context, project, id))
}

/**
 * A page of batches, newest first.
 *
 * @throws RGridError `not_found` when the page's start is not there.
 */
export async function listBatches(
  context: Context,
  project: string,
  { limit, before }: { limit: number; before?: string | undefined },
): Promise<{ batches: BatchRecord[]; next: string | null }> {
  const found = await context.store.batches.list(project, { limit: limit + 1, before })
  const page = found.slice(0, limit)
  const batches = await Promise.all(page.map((batch) => toRecord(context, project, batch)))
  return { batches, next: found.length > limit ? (page.at(-1)?.id ?? null) : null }
}

/**
 * Says that all items have been added.
 *
 * @throws RGridError `not_found`.
 */
export async function sealBatch(context: Context, project: string, id: string): Promise<BatchRecord> {
  await context.store.batches.seal(project, id)
  context.signals.notify(batchTopic(project))
  return getBatch(context, project, id)
}

/**
 * Cancels what of a batch has not ended. No more is added to it.
 *
 * @throws RGridError `not_found`.
 */
export async function cancelBatch(context: Context, project: string, id: string): Promise<BatchRecord> {
  await findBatch(context, project, id)
  await cancelItems(context, project, id)
  return getBatch(context, project, id)
}

/**
 * A page of the items of a batch, by their index.
 *
 * @throws RGridError `not_found`.
 */
export async function listBatchItems(
  context: Context,
  project: string,
  id: string,
  { limit, ...query }: ItemQuery,
): Promise<{ items: BatchItemRecord[]; next: number | null }> {
  await findBatch(context, project, id)
  const found = await context.store.batches.listItems(project, id, { ...query, limit: limit + 1 })
  const items = found.slice(0, limit)
  return { items, next: found.length > limit ? (items.at(-1)?.index ?? null) : null }
}

/**
 * Finds a batch.
 *
 * @throws RGridError `not_found`.
 */
export async function findBatch({ store }: Context, project: string, id: string): Promise<StoredBatch> {
  const batch = await store.batches.find(project, id)
  if (batch === undefined) throw batchNotFound(id)
  return batch
}

async function toRecord(
  { store }: Context,
  project: string,
  { createdAt, sealedAt, id, lane, parallel, failFast, labels, cancelRequested }: StoredBatch,
): Promise<BatchRecord> {
  const { counts, costMicrons, lastEndAt } = await store.batches.count(project, id)
  const isOver = sealedAt !== null && counts.queued + counts.running === 0
  // Nobody is told of an end that a power cut can undo.
  if (isOver) await store.flush()
  return {
    ...{ id, lane, parallel, failFast, labels, cancelRequested, counts, costMicrons },
    status: sealedAt === null ? 'open' : isOver ? 'finished' : 'running',
    createdAt: new Date(createdAt).toISOString(),
    finishedAt: isOver ? new Date(Math.max(sealedAt, lastEndAt ?? 0)).toISOString() : null,
  }
}
