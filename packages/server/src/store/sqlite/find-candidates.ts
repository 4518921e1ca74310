import type { Rerun, Status } from '@rgrid/protocol'
import { sql, type Kysely } from 'kysely'
import type { Candidate } from '../batch-store.js'
import { findOutputBlobs } from './find-output-blobs.js'
import { hasNoLosses } from './has-no-losses.js'
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
    .where(hasNoLosses)
    // What completed goes before what failed, and the newest before the others.
    .orderBy(sql`status <> 'completed'`)
    .orderBy('created_at', 'desc')
    .execute()
  const best = new Map<string, (typeof rows)[number]>()
  for (const row of rows) {
    const key = row.fingerprint ?? ''
    if (!best.has(key)) best.set(key, row)
  }
  const chosen = [...best.values()]
  const getBlobs = await findOutputBlobs(
    db,
    project,
    chosen.map(({ id }) => id),
  )
  return chosen.map(({ id, fingerprint, status }) => ({
    executionId: id,
    fingerprint: fingerprint ?? '',
    status,
    ...getBlobs(id),
  }))
}
