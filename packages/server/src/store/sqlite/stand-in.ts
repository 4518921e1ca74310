import type { CacheOutcome } from '@rgrid/protocol'
import { sql, type Insertable, type Kysely, type Selectable } from 'kysely'
import type { CacheCall } from '../cache-store.js'
import { hasNoLosses } from './has-no-losses.js'
import type { Database, ExecutionsTable } from './schema.js'

const RESULT_COLUMNS = [
  'status',
  'executor',
  'cause',
  'exit_code',
  'signal',
  'message',
  'skipped',
  'notes',
  'stdout_bytes',
  'stderr_bytes',
  'dropped_bytes',
  'last_seq',
] as const

/** An execution whose result is whole, as far as it is in its own row. */
export type StoredResult = Pick<
  Selectable<ExecutionsTable>,
  'id' | 'attempt' | (typeof RESULT_COLUMNS)[number]
>

/** Finds the execution that stands in for another; `undefined` where it has lost something meanwhile. */
export const findStandIn = (
  trx: Kysely<Database>,
  project: string,
  id: string,
): Promise<StoredResult | undefined> =>
  trx
    .selectFrom('executions')
    .select(['id', 'attempt', ...RESULT_COLUMNS])
    .where('project', '=', project)
    .where('id', '=', id)
    .where(hasNoLosses)
    .executeTakeFirst()

/** The columns of an execution that asked the cache: it has ended with its begin where another stands in for it. */
export function toCacheColumns(
  createdAt: number,
  { fingerprint, missReason }: CacheCall,
  standIn: StoredResult | undefined,
): Partial<Insertable<ExecutionsTable>> {
  const outcome: CacheOutcome =
    standIn === undefined ? { hit: false, missReason } : { hit: true, executionId: standIn.id }
  const asked = { fingerprint, cache: JSON.stringify(outcome) }
  if (standIn === undefined) return asked
  const { id: _id, attempt: _attempt, ...result } = standIn
  return { ...asked, ...result, cost_microns: 0, finished_at: createdAt }
}

/** Gives an execution that never runs the log of the last attempt of another, and its output files. */
export async function copyResult(
  trx: Kysely<Database>,
  { id: from, attempt }: StoredResult,
  to: string,
): Promise<void> {
  await sql`INSERT INTO log_chunks (execution_id, attempt, seq, stream, at, data, gap_bytes)
    SELECT ${to}, 0, seq, stream, at, data, gap_bytes FROM log_chunks
    WHERE execution_id = ${from} AND attempt = ${attempt}`.execute(trx)
  await sql`INSERT INTO artifacts (execution_id, kind, path, sha256, size, executable, project)
    SELECT ${to}, kind, path, sha256, size, executable, project FROM artifacts
    WHERE execution_id = ${from} AND kind = 'output'`.execute(trx)
}
