import { LIMITS, RGridError } from '@rgrid/protocol'
import { sql, type Kysely } from 'kysely'
import type { AddedItem, BatchStore, ItemQuery, NewItem, StoredBatch } from '../batch-store.js'
import { batchCancelled, batchNotFound, inItem, missingBlobs } from '../faults.js'
import { addItem, retryItem } from './add-item.js'
import { countItems } from './count-items.js'
import { findCandidates } from './find-candidates.js'
import { getSalt } from './get-salt.js'
import type { Database } from './schema.js'

type ItemMethods = Pick<
  BatchStore,
  | 'findCandidates'
  | 'getSalt'
  | 'add'
  | 'retry'
  | 'count'
  | 'listItems'
  | 'listFinished'
  | 'listUnfinished'
  | 'listFailingFast'
>

/** The methods of the items of batches in SQLite. */
export function createItemMethods(db: Kysely<Database>, now: () => number): ItemMethods {
  const ofBatch = (project: string, id: string) =>
    db
      .selectFrom('batch_items')
      .innerJoin('batches', 'batches.id', 'batch_items.batch_id')
      .innerJoin('executions', 'executions.id', 'batch_items.execution_id')
      .where('batches.project', '=', project)
      .where('batches.id', '=', id)

  return {
    getSalt: (project) => getSalt(db, project),
    findCandidates: (project, fingerprints, rerun) => findCandidates(db, project, fingerprints, rerun),

    add: (project, batch, items) =>
      db.transaction().execute(async (trx) => {
        const { sealedAt, cancelRequested } = (await find(trx, project, batch.id)) ?? batch
        // Asked for since, which has cancelled what was there by then.
        if (cancelRequested) throw batchCancelled(batch.id)
        if (sealedAt !== null)
          throw new RGridError('invalid_request', `${batch.id} is sealed: open another batch for more items`)
        const added = await addAll(trx, now(), batch, items)
        await assertRoom(trx, batch.id)
        return added
      }),

    retry: (project, batchId, items) =>
      db.transaction().execute(async (trx) => {
        if ((await find(trx, project, batchId)) === undefined) throw batchNotFound(batchId)
        let retried = 0
        for (const item of items) if (await retryItem(trx, now(), batchId, item)) retried++
        if (retried > 0)
          await trx.updateTable('batches').set({ cancel_requested: 0 }).where('id', '=', batchId).execute()
        return retried
      }),

    count: (project, id) => countItems(ofBatch(project, id)),

    async listItems(project, id, { failed, after, limit }: ItemQuery) {
      let query = ofBatch(project, id)
        .select(['item as index', 'name', 'executions.id as executionId', 'outcome'])
        .select(['status', 'exit_code as exitCode', 'message'])
        .where('item', '>', after)
        .orderBy('item')
        .limit(limit)
      if (failed) query = query.where('status', 'in', ['failed', 'timed_out', 'cancelled', 'lost'])
      return query.execute()
    },

    async listFinished(project, id, after, limit) {
      const rows = await db
        .selectFrom('batch_items')
        .innerJoin('batches', 'batches.id', 'batch_items.batch_id')
        .select(['item as index', 'name', 'execution_id as executionId', 'outcome', 'finished_seq as seq'])
        .where('batches.project', '=', project)
        .where('batch_id', '=', id)
        .where('finished_seq', '>', after)
        .orderBy('finished_seq')
        .limit(limit)
        .execute()
      return rows.map(({ seq, ...row }) => ({ ...row, seq: seq ?? 0 }))
    },

    async listUnfinished(project, id, limit) {
      const rows = await ofBatch(project, id)
        .select('executions.id')
        .where('finished_seq', 'is', null)
        .where('executions.cancel_requested', '=', 0)
        .limit(limit)
        .execute()
      return rows.map((row) => row.id)
    },

    async listFailingFast(project, executionId) {
      const rows = await db
        .selectFrom('batch_items')
        .innerJoin('batches', 'batches.id', 'batch_items.batch_id')
        .select('batch_id')
        .distinct()
        .where('project', '=', project)
        .where('execution_id', '=', executionId)
        .where('fail_fast', '=', 1)
        .execute()
      return rows.map((row) => row.batch_id)
    },
  }
}

/** Adds items. Where files are missing it names those of all items, so that one more request is enough. */
async function addAll(
  trx: Kysely<Database>,
  time: number,
  batch: StoredBatch,
  items: readonly NewItem[],
): Promise<AddedItem[]> {
  const added: AddedItem[] = []
  const missing = new Set<string>()
  for (const [position, item] of items.entries()) {
    try {
      added.push(await addItem(trx, time, batch, item))
    } catch (error) {
      if (!(error instanceof RGridError && error.code === 'missing_blobs')) throw inItem(error, position)
      for (const sha256 of error.missing) missing.add(sha256)
    }
  }
  if (missing.size > 0) throw missingBlobs([...missing])
  return added
}

async function find(
  trx: Kysely<Database>,
  project: string,
  id: string,
): Promise<Pick<StoredBatch, 'sealedAt' | 'cancelRequested'> | undefined> {
  const row = await trx
    .selectFrom('batches')
    .select(['sealed_at', 'cancel_requested'])
    .where('project', '=', project)
    .where('id', '=', id)
    .executeTakeFirst()
  return row && { sealedAt: row.sealed_at, cancelRequested: row.cancel_requested === 1 }
}

async function assertRoom(trx: Kysely<Database>, id: string): Promise<void> {
  const { count } = await trx
    .selectFrom('batch_items')
    .select(sql<number>`count(*)`.as('count'))
    .where('batch_id', '=', id)
    .executeTakeFirstOrThrow()
  if (count > LIMITS.batchItems)
    throw new RGridError('invalid_request', `items: more than the limit of ${LIMITS.batchItems} in one batch`)
}
