import {
  cacheOutcomeSchema,
  executorNameSchema,
  noteSchema,
  phasesSchema,
  skippedSchema,
  specSchema,
  usageSchema,
  type ArtifactRecord,
  type Usage,
} from '@rgrid/protocol'
import type { Selectable } from 'kysely'
import * as z from 'zod'
import type { StoredAttempt, StoredExecution } from '../execution-store.js'
import { readNeeds } from './need-columns.js'
import type { ArtifactsTable, AttemptsTable, ExecutionsTable } from './schema.js'

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
    needs: readNeeds(row),
    priority: row.priority,
    retryOf: row.retry_of,
    executor: row.executor,
    attempt: row.attempt,
    cancelRequested: row.cancel_requested === 1,
    createdAt: row.created_at,
    queuedAt: row.queued_at ?? row.created_at,
    notBefore: row.not_before,
    claimedAt: row.claimed_at,
    startedAt: row.started_at,
    finishingAt: row.finishing_at,
    finishedAt: row.finished_at,
    usage: parseUsage(row.usage),
    phases: row.phases === null ? null : phasesSchema.parse(JSON.parse(row.phases)),
    costMicrons: row.cost_microns,
    skipped: skippedListSchema.parse(JSON.parse(row.skipped)),
    notes: notesSchema.parse(JSON.parse(row.notes)),
    stdoutBytes: row.stdout_bytes,
    stderrBytes: row.stderr_bytes,
    droppedBytes: row.dropped_bytes,
    lastSeq: row.last_seq,
    cache: row.cache === null ? null : cacheOutcomeSchema.parse(JSON.parse(row.cache)),
    fingerprint: row.fingerprint,
  }
}

/** Turns a row, with the name of its runner, into an attempt. */
export function toAttempt(
  row: Selectable<AttemptsTable> & { readonly runner_name: string | null },
): StoredAttempt {
  return {
    attempt: row.attempt,
    runner: { id: row.runner_id, name: row.runner_name },
    executor: row.executor,
    memoryMib: row.memory_mib,
    claimedAt: row.claimed_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    outcome: row.outcome,
    cause: row.cause,
    exitCode: row.exit_code,
    signal: row.signal,
    message: row.message,
    usage: parseUsage(row.usage),
    costMicrons: row.cost_microns,
    stdoutBytes: row.stdout_bytes,
    stderrBytes: row.stderr_bytes,
    droppedBytes: row.dropped_bytes,
    lastSeq: row.last_seq,
  }
}

const parseUsage = (text: string | null): Usage | null =>
  text === null ? null : usageSchema.parse(JSON.parse(text))

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
