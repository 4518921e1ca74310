import { LIMITS } from '@rgrid/protocol'
import { sql, type Kysely, type RawBuilder } from 'kysely'
import type { CollectedBlobs } from '../retention-store.js'
import type { Database } from './schema.js'

const ROWS = 200
const INLINE_BYTES = 4 * 1024 * 1024

interface Candidate {
  readonly project: string
  readonly sha256: string
  readonly size: number
  readonly wanted_at: number
  readonly is_file: number
  readonly is_used: number
}

/**
 * Looks at the next blobs that are due, and forgets those that nothing refers to. That nothing refers to one, that nobody
 * was told lately that it is here, and that it goes, is decided in one transaction: a submit comes before or after it.
 */
export function collectBlobs(db: Kysely<Database>, time: number): Promise<CollectedBlobs> {
  return db.transaction().execute(async (trx) => {
    const due = limitBytes(await listDue(trx, time))
    const used = due.filter(({ is_used: isUsed }) => isUsed === 1)
    const unused = due.filter(({ is_used: isUsed }) => isUsed === 0)
    const useless = unused.filter((row) => row.wanted_at <= time - LIMITS.blobGraceMs)
    const wanted = unused.filter((row) => row.wanted_at > time - LIMITS.blobGraceMs)
    // What takes a reference away sets the next look.
    if (used.length > 0) await trx.updateTable('blobs').set({ check_at: null }).where(isOneOf(used)).execute()
    if (wanted.length > 0)
      await trx
        .updateTable('blobs')
        .set((eb) => ({ check_at: eb('wanted_at', '+', LIMITS.blobGraceMs) }))
        .where(isOneOf(wanted))
        .execute()
    if (useless.length > 0) await trx.deleteFrom('blobs').where(isOneOf(useless)).execute()
    const files = useless.filter(({ is_file: isFile }) => isFile === 1).map(({ sha256 }) => sha256)
    return { looked: due.length, files }
  })
}

const listDue = (trx: Kysely<Database>, time: number): Promise<Candidate[]> =>
  trx
    .selectFrom('blobs')
    .select(['project', 'sha256', 'size', 'wanted_at'])
    .select(sql<number>`data is null`.as('is_file'))
    .select(
      sql<number>`exists (select 1 from artifacts where artifacts.project = blobs.project
        and artifacts.sha256 = blobs.sha256 and artifacts.gone_at is null)
        or exists (select 1 from staged_outputs join executions on executions.id = staged_outputs.execution_id
        where staged_outputs.sha256 = blobs.sha256 and executions.project = blobs.project)`.as('is_used'),
    )
    .where('check_at', '<=', time)
    .orderBy('check_at')
    .limit(ROWS)
    .execute()

/** As many as do not free too many pages at once, and at least one. */
function limitBytes(rows: readonly Candidate[]): readonly Candidate[] {
  let bytes = 0
  const end = rows.findIndex(({ is_file: isFile, size }) => (bytes += isFile === 1 ? 0 : size) > INLINE_BYTES)
  return end === -1 ? rows : rows.slice(0, Math.max(end, 1))
}

const isOneOf = (rows: readonly Candidate[]): RawBuilder<boolean> =>
  sql<boolean>`(project, sha256) in (select value ->> 0, value ->> 1 from json_each(${JSON.stringify(
    rows.map(({ project, sha256 }) => [project, sha256]),
  )}))`
