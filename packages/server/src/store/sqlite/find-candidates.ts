import type { Rerun, Status } from '@rgrid/protocol'
import { sql, type Kysely } from 'kysely'
import type { Candidate } from '../batch-store.js'
import type { Database } from './schema.js'

/** What may stand for an item that is not to run again. */
const REUSABLE: Readonly<Record<Rerun, readonly Status[]>> = {
  failed: ['completed'],
  missing: ['completed', 'failed', 'timed_out'],
  all: [],
}

/** Finds executions that have ended and may stand for others: the best of each fingerprint. */
export async function findCandidates(
  db: Kysely<Database>,
  project: string,
  fingerprints: readonly string[],
  rerun: Rerun,
): Promise<Candidate[]> {
  const statuses = REUSABLE[rerun]
  if (statuses.length === 0) return []
  const rows = await db
    .selectFrom('executions')
    .select(['id', 'fingerprint', 'status'])
    .where('project', '=', project)
    .where('fingerprint', 'in', fingerprints)
    .where('status', 'in', statuses)
    // One that has lost a file or its log cannot give back what it gave.
    .where((eb) =>
      eb.not(
        eb.exists(
          eb.selectFrom('losses').select('execution_id').whereRef('execution_id', '=', 'executions.id'),
        ),
      ),
    )
    // What completed goes before what failed, and the newest before the others.
    .orderBy(sql`status <> 'completed'`)
    .orderBy('created_at', 'desc')
    .execute()
  const best = new Map<string, (typeof rows)[number]>()
  for (const row of rows) {
    const key = row.fingerprint ?? ''
    if (!best.has(key)) best.set(key, row)
  }
  return describeCandidates(db, project, [...best.values()])
}

async function describeCandidates(
  db: Kysely<Database>,
  project: string,
  rows: readonly { id: string; fingerprint: string | null; status: Status }[],
): Promise<Candidate[]> {
  if (rows.length === 0) return []
  const ids = rows.map(({ id }) => id)
  const outputs = await db
    .selectFrom('artifacts')
    .leftJoin('blobs', (join) =>
      join.onRef('blobs.sha256', '=', 'artifacts.sha256').on('blobs.project', '=', project),
    )
    .select(['execution_id', 'artifacts.sha256', 'blobs.size as size'])
    .select(sql<number>`blobs.data IS NULL`.as('isElsewhere'))
    .where('execution_id', 'in', ids)
    .where('kind', '=', 'output')
    .execute()
  const byId = new Map<string, typeof outputs>(ids.map((id) => [id, []]))
  for (const output of outputs) byId.get(output.execution_id)?.push(output)
  return rows.map(({ id, fingerprint, status }) => {
    const own = byId.get(id) ?? []
    return {
      executionId: id,
      fingerprint: fingerprint ?? '',
      status,
      isWhole: own.every(({ size }) => size !== null),
      sha256s: own.filter(({ isElsewhere }) => isElsewhere === 1).map(({ sha256 }) => sha256),
    }
  })
}
