import { isHeld, type Status } from '@rgrid/protocol'
import type { Kysely } from 'kysely'
import type { Fence } from '../execution-store.js'
import { leaseLost } from '../faults.js'
import { prepareOnce, slot } from './prepare-query.js'
import type { Database } from './schema.js'

/** What the fence of an attempt found. */
export interface FencedRow {
  readonly id: string
  readonly status: Status
  readonly attempt: number
  readonly runnerId: string | null
  readonly startedAt: number | null
  readonly cancelRequested: boolean
  readonly progress: string | null
  readonly lastSeq: number
  readonly storedBytes: number
  readonly lane: string | null
  /** Of the attempts before this one. */
  readonly costMicrons: number | null
}

const findFenced = prepareOnce((db) =>
  db
    .selectFrom('executions')
    .select(['id', 'status', 'attempt', 'runner_id', 'started_at', 'cancel_requested', 'last_seq'])
    .select(['stdout_bytes', 'stderr_bytes', 'progress', 'lane', 'cost_microns'])
    .where('id', '=', slot<string>('executionId'))
    .where('project', '=', slot<string>('project'))
    .where('attempt', '=', slot<number>('attempt'))
    .where('lease_token', '=', slot<string>('leaseToken')),
)

/**
 * Finds the execution whose attempt a fence names, ended or not.
 *
 * @throws RGridError `lease_lost` when the attempt or its lease is not the current one.
 */
export async function fenceAttempt(db: Kysely<Database>, fence: Fence): Promise<FencedRow> {
  const { executionId, project, attempt, leaseToken } = fence
  const [row] = await findFenced(db, { executionId, project, attempt, leaseToken })
  if (row === undefined) throw leaseLost()
  return {
    id: row.id,
    status: row.status,
    attempt: row.attempt,
    runnerId: row.runner_id,
    startedAt: row.started_at,
    cancelRequested: row.cancel_requested === 1,
    progress: row.progress,
    lastSeq: row.last_seq,
    storedBytes: row.stdout_bytes + row.stderr_bytes,
    lane: row.lane,
    costMicrons: row.cost_microns,
  }
}

/**
 * Finds the execution whose attempt a fence names, where that has not ended.
 *
 * @throws RGridError `lease_lost`.
 */
export async function fenceActiveAttempt(db: Kysely<Database>, fence: Fence): Promise<FencedRow> {
  const row = await fenceAttempt(db, fence)
  if (!isHeld(row.status)) throw leaseLost()
  return row
}
