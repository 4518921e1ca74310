import { labelsSchema } from '@rgrid/protocol'
import type { Kysely, Selectable } from 'kysely'
import type { BatchStore, StoredBatch } from '../batch-store.js'
import { batchNotFound, idConflict } from '../faults.js'
import type { BatchesTable, Database } from './schema.js'
import { createItemMethods } from './sqlite-batch-items.js'

/** Batches in SQLite. */
export function createBatchStore(db: Kysely<Database>, now: () => number): BatchStore {
  const selectBatches = (project: string) =>
    db.selectFrom('batches').selectAll().where('project', '=', project)

  return {
    async open(project, id, spec) {
      await db.transaction().execute(async (trx) => {
        const found = await trx
          .selectFrom('batches')
          .select('project')
          .where('id', '=', id)
          .executeTakeFirst()
        if (found !== undefined && found.project !== project) throw idConflict(id)
        if (found !== undefined) return
        const { lane, parallel, failFast, rerun, labels } = spec
        await trx
          .insertInto('batches')
          .values({
            ...{ id, project, lane, parallel, rerun },
            fail_fast: failFast ? 1 : 0,
            labels: JSON.stringify(labels),
            created_at: now(),
          })
          .execute()
        await trx
          .insertInto('lanes')
          .values({ project, lane, parallel })
          .onConflict((conflict) => conflict.columns(['project', 'lane']).doUpdateSet({ parallel }))
          .execute()
      })
    },

    async find(project, id) {
      const row = await selectBatches(project).where('id', '=', id).executeTakeFirst()
      return row === undefined ? undefined : toBatch(row)
    },

    async list(project, { limit, before }) {
      let query = selectBatches(project).orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit)
      if (before !== undefined) {
        const row = await selectBatches(project).where('id', '=', before).executeTakeFirst()
        if (row === undefined) throw batchNotFound(before)
        query = query.where((eb) =>
          eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(row.created_at, before)),
        )
      }
      return (await query.execute()).map(toBatch)
    },

    async seal(project, id) {
      await db
        .updateTable('batches')
        .set({ sealed_at: now() })
        .where('project', '=', project)
        .where('id', '=', id)
        .where('sealed_at', 'is', null)
        .execute()
    },

    ...createItemMethods(db, now),

    async requestCancel(project, id) {
      await db
        .updateTable('batches')
        .set((eb) => ({ cancel_requested: 1, sealed_at: eb.fn.coalesce('sealed_at', eb.val(now())) }))
        .where('project', '=', project)
        .where('id', '=', id)
        .execute()
    },
  }
}

const toBatch = (row: Selectable<BatchesTable>): StoredBatch => ({
  id: row.id,
  lane: row.lane,
  parallel: row.parallel,
  failFast: row.fail_fast === 1,
  rerun: row.rerun,
  labels: labelsSchema.parse(JSON.parse(row.labels)),
  cancelRequested: row.cancel_requested === 1,
  createdAt: row.created_at,
  sealedAt: row.sealed_at,
})
