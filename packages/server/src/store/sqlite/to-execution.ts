import {
  executorNameSchema,
  noteSchema,
  phasesSchema,
  skippedSchema,
  specSchema,
  usageSchema,
  type ArtifactRecord,
} from '@rgrid/protocol'
import type { Selectable } from 'kysely'
import * as z from 'zod'
import type { StoredExecution } from '../execution-store.js'
import type { ArtifactsTable, ExecutionsTable } from './schema.js'

const { files: _files, executor: _executor, ...specShape } = specSchema.shape
const storedSpecSchema = z.object({ ...specShape, executor: executorNameSchema.optional() })
const notesSchema = z.array(noteSchema)
const skippedListSchema = z.array(skippedSchema)

/** Reads the column that holds a spec. */
export const parseSpec = (text: string): StoredExecution['spec'] => storedSpecSchema.parse(JSON.parse(text))

/** Turns a row into an execution. */
export function toExecution(row: Selectable<ExecutionsTable>): StoredExecution {
  return {
    id: row.id,
    project: row.project,
    pool: row.pool,
    status: row.status,
    cause: row.cause,
    exitCode: row.exit_code,
    signal: row.signal,
    message: row.message,
    progress: row.progress,
    spec: parseSpec(row.spec),
    executor: row.executor,
    attempt: row.attempt,
    cancelRequested: row.cancel_requested === 1,
    createdAt: row.created_at,
    claimedAt: row.claimed_at,
    startedAt: row.started_at,
    finishingAt: row.finishing_at,
    finishedAt: row.finished_at,
    usage: row.usage === null ? null : usageSchema.parse(JSON.parse(row.usage)),
    phases: row.phases === null ? null : phasesSchema.parse(JSON.parse(row.phases)),
    costMicrons: row.cost_microns,
    skipped: skippedListSchema.parse(JSON.parse(row.skipped)),
    notes: notesSchema.parse(JSON.parse(row.notes)),
    stdoutBytes: row.stdout_bytes,
    stderrBytes: row.stderr_bytes,
    droppedBytes: row.dropped_bytes,
    lastSeq: row.last_seq,
  }
}

/** Turns a row, with when all files of its execution have expired, into an artifact. */
export function toArtifact({
  kind,
  path,
  sha256,
  size,
  executable,
  gone_at: goneAt,
  is_deleted: isDeleted,
  files_at: filesAt,
}: Selectable<ArtifactsTable> & { readonly files_at: number | null }): ArtifactRecord {
  const file = { kind, path, sha256, size, executable: executable === 1 }
  const since = goneAt ?? filesAt
  if (since === null) return file
  return { ...file, [isDeleted === 1 ? 'deletedAt' : 'expiredAt']: new Date(since).toISOString() }
}
