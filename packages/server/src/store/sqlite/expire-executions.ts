import { sql, type Kysely } from 'kysely'
import type { Expiring } from '../retention-store.js'
import type { Database } from './schema.js'

const PAGE = 200
const START = { finished_at: -1, execution_id: '' }

/** Marks the next executions behind the mark of this policy that finished long enough ago. */
export function expireExecutions(
  db: Kysely<Database>,
  time: number,
  what: Expiring,
  olderThanMs: number,
): Promise<number> {
  return db.transaction().execute(async (trx) => {
    const mark = await trx
      .selectFrom('retention_marks')
      .select(['finished_at', 'execution_id'])
      .where('what', '=', what)
      .executeTakeFirst()
    const { finished_at: from, execution_id: id } = mark ?? START
    const page = await trx
      .selectFrom('executions')
      .select(['id', 'finished_at'])
      .where('finished_at', '<', time - olderThanMs)
      .where(sql<boolean>`(finished_at, id) > (${from}, ${id})`)
      .orderBy('finished_at')
      .orderBy('id')
      .limit(PAGE)
      .execute()
    const last = page.at(-1)
    if (last === undefined) return 0
    await markLosses(
      trx,
      time,
      what,
      page.map((row) => row.id),
    )
    const reached = { finished_at: last.finished_at ?? from, execution_id: last.id }
    await trx
      .insertInto('retention_marks')
      .values({ what, ...reached })
      .onConflict((conflict) => conflict.column('what').doUpdateSet(reached))
      .execute()
    return page.length
  })
}

/** Notes that executions have lost something, which is taken away afterwards. What is lost already stays as it is. */
export async function markLosses(
  trx: Kysely<Database>,
  time: number,
  what: Expiring,
  ids: readonly string[],
): Promise<void> {
  const lost = {
    files_at: what === 'logs' ? null : time,
    logs_at: what === 'outputs' ? null : time,
    is_removed: what === 'executions' ? 1 : 0,
    is_pending: 1,
  }
  await trx
    .insertInto('losses')
    .values(ids.map((id) => ({ execution_id: id, ...lost })))
    .onConflict((conflict) =>
      conflict.column('execution_id').doUpdateSet({
        files_at: sql<number | null>`coalesce(losses.files_at, excluded.files_at)`,
        logs_at: sql<number | null>`coalesce(losses.logs_at, excluded.logs_at)`,
        is_removed: sql<number>`max(losses.is_removed, excluded.is_removed)`,
        is_pending: 1,
      }),
    )
    .execute()
}
