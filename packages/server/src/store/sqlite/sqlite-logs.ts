import { LIMITS } from '@rgrid/protocol'
import { sql, type Kysely, type Selectable } from 'kysely'
import { logGap, logTooLarge } from '../faults.js'
import type { LogStore, NewChunk, StoredChunk } from '../log-store.js'
import { fenceActiveAttempt, type FencedRow } from './fence-attempt.js'
import { prepareQuery, slot } from './prepare-query.js'
import type { Database, LogChunksTable } from './schema.js'

// Runners cut logs themselves; this bound only keeps one that does not from filling the disk.
const MAX_BYTES = LIMITS.logBytes + LIMITS.logRequestBytes
const PAGE_ROWS = 256

/** Log chunks in SQLite. */
export function createLogStore(db: Kysely<Database>): LogStore {
  const ofProject = (project: string, id: string) =>
    db
      .selectFrom('log_chunks')
      .innerJoin('executions', 'executions.id', 'log_chunks.execution_id')
      .selectAll('log_chunks')
      .where('executions.project', '=', project)
      .where('log_chunks.execution_id', '=', id)
      .limit(PAGE_ROWS)

  const readBehind = prepareQuery(
    ofProject(slot('project'), slot('id'))
      .where(
        sql<boolean>`(log_chunks.attempt, log_chunks.seq) > (${slot<number>('attempt')}, ${slot<number>('seq')})`,
      )
      .orderBy('log_chunks.attempt')
      .orderBy('log_chunks.seq'),
  )

  return {
    async append(fence, chunks) {
      await db.transaction().execute(async (trx) => {
        await appendChunks(trx, await fenceActiveAttempt(trx, fence), chunks)
      })
    },

    read: async (project, id, { attempt, seq }, maxBytes) =>
      takeBytes(await readBehind(db, { project, id, attempt, seq }), maxBytes),

    async readBack(project, id, { attempt, seq }, maxBytes) {
      const rows = await ofProject(project, id)
        .where(sql<boolean>`(log_chunks.attempt, log_chunks.seq) < (${attempt}, ${seq})`)
        .orderBy('log_chunks.attempt', 'desc')
        .orderBy('log_chunks.seq', 'desc')
        .execute()
      return takeBytes(rows, maxBytes)
    },
  }
}

/** Appends chunks to an attempt that the fence has found, in the transaction of the fence. */
export async function appendChunks(
  trx: Kysely<Database>,
  row: FencedRow,
  chunks: readonly NewChunk[],
): Promise<void> {
  const fresh = chunks.filter(({ seq }) => seq > row.lastSeq)
  if (fresh.length === 0) return
  const added = { stdout: 0, stderr: 0, dropped: 0 }
  let next = row.lastSeq + 1
  for (const { seq, stream, at, data, gapBytes } of fresh) {
    if (seq !== next) throw logGap(next, seq)
    next = seq + 1
    added[stream] += data.byteLength
    added.dropped += gapBytes ?? 0
    await trx
      .insertInto('log_chunks')
      .values({ execution_id: row.id, attempt: row.attempt, seq, stream, at, data, gap_bytes: gapBytes })
      .execute()
  }
  if (row.storedBytes + added.stdout + added.stderr > MAX_BYTES) throw logTooLarge()
  await trx
    .updateTable('executions')
    .set((eb) => ({
      last_seq: next - 1,
      stdout_bytes: eb('stdout_bytes', '+', added.stdout),
      stderr_bytes: eb('stderr_bytes', '+', added.stderr),
      dropped_bytes: eb('dropped_bytes', '+', added.dropped),
    }))
    .where('id', '=', row.id)
    .where('attempt', '=', row.attempt)
    .execute()
}

function takeBytes(rows: readonly Selectable<LogChunksTable>[], maxBytes: number): StoredChunk[] {
  let bytes = 0
  const end = rows.findIndex(({ data }) => (bytes += data.byteLength) > maxBytes)
  return rows.slice(0, end === -1 ? rows.length : Math.max(end, 1)).map(toChunk)
}

const toChunk = (row: Selectable<LogChunksTable>): StoredChunk => ({
  attempt: row.attempt,
  seq: row.seq,
  stream: row.stream,
  at: row.at,
  data: row.data,
  gapBytes: row.gap_bytes,
})
