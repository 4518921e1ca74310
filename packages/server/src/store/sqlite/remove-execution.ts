import { isTerminal } from '@rgrid/protocol'
import type { Kysely } from 'kysely'
import { notFinished } from '../faults.js'
import { markLosses } from './expire-executions.js'
import type { Database } from './schema.js'

/** Marks an ended execution for being deleted. */
export function removeExecution(
  db: Kysely<Database>,
  time: number,
  project: string,
  id: string,
): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    if (!(await hasEnded(trx, project, id))) return false
    await markLosses(trx, time, 'executions', [id])
    return true
  })
}

/** Deletes an output of an ended execution, which is then not whole any more. */
export function removeOutput(
  db: Kysely<Database>,
  time: number,
  project: string,
  id: string,
  path: string,
): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    if (!(await hasEnded(trx, project, id))) return false
    const artifact = await trx
      .selectFrom('artifacts')
      .select('gone_at')
      .where('execution_id', '=', id)
      .where('kind', '=', 'output')
      .where('path', '=', path)
      .executeTakeFirst()
    if (artifact === undefined || artifact.gone_at !== null) return artifact !== undefined
    await trx
      .updateTable('artifacts')
      .set({ gone_at: time, is_deleted: 1 })
      .where('execution_id', '=', id)
      .where('kind', '=', 'output')
      .where('path', '=', path)
      .execute()
    await trx
      .insertInto('losses')
      .values({ execution_id: id, files_at: null, logs_at: null, is_removed: 0, is_pending: 0 })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    return true
  })
}

/** Whether the project has the execution, which has ended. */
async function hasEnded(trx: Kysely<Database>, project: string, id: string): Promise<boolean> {
  const row = await trx
    .selectFrom('executions')
    .select('status')
    .where('id', '=', id)
    .where('project', '=', project)
    .executeTakeFirst()
  if (row !== undefined && !isTerminal(row.status)) throw notFinished(id, row.status)
  return row !== undefined
}
