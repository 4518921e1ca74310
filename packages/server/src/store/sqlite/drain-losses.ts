import { sql, type ExpressionBuilder, type Kysely, type Selectable } from 'kysely'
import type { Database, LossesTable } from './schema.js'

// What one transaction changes at most: a claim or a submit that comes meanwhile waits for a few milliseconds.
const EXECUTIONS = 100
const ROWS = 500
const LOG_BYTES = 4 * 1024 * 1024

// A literal, as SQLite cannot use the index of pending rows for a bound parameter.
const YES = sql.lit(1)

/** Takes away some of what executions have lost, in one transaction. */
export function drainLosses(db: Kysely<Database>, time: number, id: string | undefined): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const pending = trx.selectFrom('losses').selectAll().where('is_pending', '=', YES).limit(EXECUTIONS)
    const rows = await (id === undefined ? pending : pending.where('execution_id', '=', id)).execute()
    if (rows.length === 0) return false
    const removed = idsOf(rows, ({ is_removed: isRemoved }) => isRemoved === 1)
    const expired = idsOf(rows, (row) => row.is_removed === 0 && row.files_at !== null)
    const logs = idsOf(rows, ({ logs_at: logsAt }) => logsAt !== null)
    // One after the other, so that all of them together stay within the bounds of a transaction.
    const isEmpty =
      (await deleteChunks(trx, logs)) &&
      (await deleteArtifacts(trx, removed)) &&
      (await expireArtifacts(trx, expired, time))
    if (!isEmpty) return true
    await deleteExecutions(trx, removed)
    await settle(
      trx,
      rows.map((row) => row.execution_id),
    )
    return true
  })
}

const idsOf = (
  rows: readonly Selectable<LossesTable>[],
  isMeant: (row: Selectable<LossesTable>) => boolean,
): string[] => rows.filter(isMeant).map((row) => row.execution_id)

/** Deletes log chunks; whether all of them are gone. */
async function deleteChunks(trx: Kysely<Database>, ids: readonly string[]): Promise<boolean> {
  if (ids.length === 0) return true
  const found = await trx
    .selectFrom('log_chunks')
    .select([sql<number>`rowid`.as('rowid'), sql<number>`length(data)`.as('bytes')])
    .where('execution_id', 'in', ids)
    .limit(ROWS)
    .execute()
  let bytes = 0
  const end = found.findIndex((row) => (bytes += row.bytes) > LOG_BYTES)
  const chosen = end === -1 ? found : found.slice(0, Math.max(end, 1))
  if (chosen.length === 0) return true
  await trx
    .deleteFrom('log_chunks')
    .where(sql<boolean>`rowid in (select value from json_each(${toJson(chosen.map(({ rowid }) => rowid))}))`)
    .execute()
  return chosen.length === found.length && found.length < ROWS
}

/** Some of the artifacts of executions: as many as one step may take. */
const chooseArtifacts = (eb: ExpressionBuilder<Database, 'artifacts'>, ids: readonly string[]) =>
  eb
    .selectFrom('artifacts')
    .select(['execution_id', 'kind', 'path'])
    .where('execution_id', 'in', ids)
    .limit(ROWS)

async function deleteArtifacts(trx: Kysely<Database>, ids: readonly string[]): Promise<boolean> {
  if (ids.length === 0) return true
  const { numDeletedRows } = await trx
    .deleteFrom('artifacts')
    .where((eb) =>
      eb(
        eb.refTuple('execution_id', 'kind', 'path'),
        'in',
        chooseArtifacts(eb, ids).$asTuple('execution_id', 'kind', 'path'),
      ),
    )
    .executeTakeFirst()
  return numDeletedRows < ROWS
}

/** Notes of artifacts that their bytes are gone, which ends their hold on the blob. */
async function expireArtifacts(
  trx: Kysely<Database>,
  ids: readonly string[],
  time: number,
): Promise<boolean> {
  if (ids.length === 0) return true
  const { numUpdatedRows } = await trx
    .updateTable('artifacts')
    .set({ gone_at: time })
    .where((eb) =>
      eb(
        eb.refTuple('execution_id', 'kind', 'path'),
        'in',
        chooseArtifacts(eb, ids).where('gone_at', 'is', null).$asTuple('execution_id', 'kind', 'path'),
      ),
    )
    .executeTakeFirst()
  return numUpdatedRows < ROWS
}

async function deleteExecutions(trx: Kysely<Database>, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await trx.deleteFrom('executions').where('id', 'in', ids).execute()
}

async function settle(trx: Kysely<Database>, ids: readonly string[]): Promise<void> {
  await trx.updateTable('losses').set({ is_pending: 0 }).where('execution_id', 'in', ids).execute()
}

const toJson = (values: readonly number[]): string => JSON.stringify(values)
