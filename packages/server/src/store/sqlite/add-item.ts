import { isTerminal } from '@rgrid/protocol'
import type { Kysely } from 'kysely'
import type { AddedItem, NewItem, RetriedItem, StoredBatch } from '../batch-store.js'
import { keyConflict } from '../faults.js'
import type { Database } from './schema.js'
import { acceptExecution } from './sqlite-submit.js'

/** Adds one item to a batch in the transaction of its request. */
export async function addItem(
  trx: Kysely<Database>,
  time: number,
  batch: StoredBatch,
  item: NewItem,
): Promise<AddedItem> {
  const { index, submission } = item
  const known = await findItem(trx, batch.id, index)
  if (known !== undefined) return known
  const standIn =
    submission.spec.key === undefined
      ? await findStandIn(trx, batch, item)
      : await findKeyed(trx, submission, submission.spec.key)
  if (standIn !== undefined) return insertItem(trx, batch.id, item, standIn)
  await acceptExecution(trx, time, submission)
  return insertItem(trx, batch.id, item, { executionId: submission.id, outcome: 'new' })
}

type StandIn = Pick<AddedItem, 'executionId' | 'outcome'>

/** Finds an execution of the same that runs, or has been run. */
async function findStandIn(
  trx: Kysely<Database>,
  { rerun }: StoredBatch,
  { submission, reusable }: NewItem,
): Promise<StandIn | undefined> {
  const running = rerun === 'all' ? undefined : await findRunning(trx, submission)
  if (running !== undefined) return { executionId: running, outcome: 'joined' }
  if (reusable === undefined || !(await isWhole(trx, submission.project, reusable))) return undefined
  return { executionId: reusable, outcome: 'reused' }
}

/** Finds the execution that has a key, however it ended. @throws RGridError `key_conflict` when it is of something else. */
async function findKeyed(
  trx: Kysely<Database>,
  { project, specHash }: NewItem['submission'],
  key: string,
): Promise<StandIn | undefined> {
  const row = await trx
    .selectFrom('executions')
    .select(['id', 'spec_hash', 'status'])
    .where('project', '=', project)
    .where('key', '=', key)
    .executeTakeFirst()
  if (row === undefined) return undefined
  if (row.spec_hash !== specHash) throw keyConflict(key, row.id)
  return { executionId: row.id, outcome: isTerminal(row.status) ? 'reused' : 'joined' }
}

/**
 * Starts an item again in the place of the execution that failed for it, or joins one that already runs.
 *
 * @returns `false` when it is not the item's execution any more.
 */
export async function retryItem(
  trx: Kysely<Database>,
  time: number,
  batchId: string,
  { index, failedId, submission }: RetriedItem,
): Promise<boolean> {
  const known = await findItem(trx, batchId, index)
  if (known?.executionId !== failedId) return false
  const running = await findRunning(trx, submission)
  if (running === undefined) await acceptExecution(trx, time, submission)
  await trx
    .updateTable('batch_items')
    .set({
      execution_id: running ?? submission.id,
      outcome: running === undefined ? 'new' : 'joined',
      finished_seq: null,
    })
    .where('batch_id', '=', batchId)
    .where('item', '=', index)
    .execute()
  return true
}

const findItem = (trx: Kysely<Database>, id: string, index: number): Promise<AddedItem | undefined> =>
  trx
    .selectFrom('batch_items')
    .select(['item as index', 'execution_id as executionId', 'outcome'])
    .where('batch_id', '=', id)
    .where('item', '=', index)
    .executeTakeFirst()

async function findRunning(
  trx: Kysely<Database>,
  { project, pool, batch: { fingerprint } }: NewItem['submission'],
): Promise<string | undefined> {
  const row = await trx
    .selectFrom('executions')
    .select('id')
    .where('project', '=', project)
    .where('pool', '=', pool)
    .where('fingerprint', '=', fingerprint)
    .where('status', 'in', ['queued', 'claimed', 'running', 'finishing'])
    .where('cancel_requested', '=', 0)
    .orderBy('created_at')
    .executeTakeFirst()
  return row?.id
}

/** Whether it has ended, and has lost nothing since. */
async function isWhole(trx: Kysely<Database>, project: string, id: string): Promise<boolean> {
  const row = await trx
    .selectFrom('executions')
    .leftJoin('losses', 'losses.execution_id', 'executions.id')
    .select(['status', 'losses.execution_id as loser'])
    .where('project', '=', project)
    .where('id', '=', id)
    .executeTakeFirst()
  return row !== undefined && isTerminal(row.status) && row.loser === null
}

async function insertItem(
  trx: Kysely<Database>,
  id: string,
  { index, name }: NewItem,
  { executionId, outcome }: StandIn,
): Promise<AddedItem> {
  await trx
    .insertInto('batch_items')
    .values({
      ...{ batch_id: id, item: index, name, execution_id: executionId, outcome },
      finished_seq: outcome === 'reused' ? await nextSeq(trx, id) : null,
    })
    .execute()
  return { index, executionId, outcome }
}

async function nextSeq(trx: Kysely<Database>, id: string): Promise<number> {
  const { ends } = await trx
    .updateTable('batches')
    .set((eb) => ({ ends: eb('ends', '+', 1) }))
    .where('id', '=', id)
    .returning('ends')
    .executeTakeFirstOrThrow()
  return ends
}
