import { chargeMicrons, isHeld, movesTo, RGridError } from '@rgrid/protocol'
import type { Kysely, Updateable } from 'kysely'
import { describeRetry, type Retry } from '../decide-retry.js'
import type { Completion, ExecutionStore, Fence, Heir, Progress } from '../execution-store.js'
import { leaseLost, runnerUnknown } from '../faults.js'
import { fenceActiveAttempt, fenceAttempt, type FencedRow } from './fence-attempt.js'
import { moveExecution } from './move-execution.js'
import type { AttemptsTable, Database } from './schema.js'
import { findRetry, requeue } from './retry-attempt.js'
import { assertBlobs, insertInlineBlobs } from './sqlite-blobs.js'
import { appendChunks } from './sqlite-logs.js'
import { noteRunnerSeen } from './sqlite-runners.js'
import { bringOutputsHome, dropOutputs, stageOutputs } from './staged-outputs.js'

/** What the runner of an attempt may do, in SQLite. */
export function createAttemptMethods(
  db: Kysely<Database>,
  now: () => number,
): Pick<ExecutionStore, 'start' | 'renew' | 'adopt' | 'appendOutputs' | 'complete'> {
  return {
    start: (fence) =>
      db.transaction().execute(async (trx) => {
        const { id, status, attempt, cancelRequested } = await fenceActiveAttempt(trx, fence)
        if (status === 'claimed' && !cancelRequested) {
          const time = now()
          await moveExecution(trx, fenceTarget(fence), 'running', { started_at: time })
          await updateAttempt(trx, id, attempt, { started_at: time })
        }
        return { cancelRequested }
      }),

    renew: (fence, leaseMs, progress) =>
      db.transaction().execute(async (trx) => {
        const row = await fenceActiveAttempt(trx, fence)
        const time = now()
        await noteRenewal(trx, fence.project, row.runnerId, time)
        const changed = await renewAttempt(trx, fence, row, progress, time, time + leaseMs)
        return { cancelRequested: row.cancelRequested, changed }
      }),

    adopt: (fence, heir, leaseMs) =>
      db.transaction().execute(async (trx) => {
        const row = await fenceActiveAttempt(trx, fence).catch(() =>
          // The answer to the first time may have been lost.
          fenceActiveAttempt(trx, { ...fence, leaseToken: heir.nextLeaseToken }),
        )
        // What never started is given to whoever claims it next.
        if (row.startedAt === null) throw leaseLost()
        await assertRunner(trx, fence.project, heir.runnerId)
        await giveAttempt(trx, row, heir, now() + leaseMs)
        const { cancelRequested, lastSeq, storedBytes } = row
        return { cancelRequested, lastSeq, storedBytes }
      }),

    appendOutputs: (fence, files, inline) =>
      db.transaction().execute(async (trx) => {
        const row = await fenceActiveAttempt(trx, fence)
        await insertInlineBlobs(trx, fence.project, inline, now())
        await assertBlobs(trx, fence.project, files)
        await stageOutputs(trx, row, files)
      }),

    complete: (fence, completion) =>
      db.transaction().execute(async (trx) => {
        const row = await fenceAttempt(trx, fence)
        const { lane } = row
        if (!isHeld(row.status)) return { isNew: false, lane, retryInMs: null }
        // What may not end in this way is refused below, wanted again or not.
        const retry = movesTo(completion.status).includes(row.status)
          ? await findRetry(trx, row, completion, completion.memoryCeilingMib)
          : undefined
        await completeAttempt(trx, now(), fence, row, completion, retry)
        return { isNew: true, lane, retryInMs: retry?.delayMs ?? null }
      }),
  }
}

async function renewAttempt(
  trx: Kysely<Database>,
  fence: Fence,
  { status, progress }: FencedRow,
  { phase, message }: Progress,
  time: number,
  until: number,
): Promise<boolean> {
  const lease = { lease_until: until }
  if (phase === 'finishing' && status === 'running')
    return moveExecution(trx, fenceTarget(fence), 'finishing', { ...lease, finishing_at: time })
  // A renewal that was overtaken by the start of the script has nothing to say any more.
  const isNews =
    phase === 'preparing' && status === 'claimed' && message !== undefined && message !== progress
  await trx
    .updateTable('executions')
    .set(isNews ? { ...lease, progress: message } : lease)
    .where('id', '=', fence.executionId)
    .where('lease_token', '=', fence.leaseToken)
    .execute()
  return isNews
}

async function assertRunner(trx: Kysely<Database>, project: string, id: string): Promise<void> {
  const known = await trx
    .selectFrom('runners')
    .select('id')
    .where('project', '=', project)
    .where('id', '=', id)
    .executeTakeFirst()
  if (known === undefined) throw runnerUnknown(id)
}

async function giveAttempt(
  trx: Kysely<Database>,
  { id, attempt }: FencedRow,
  { runnerId, nextLeaseToken }: Heir,
  until: number,
): Promise<void> {
  const set = { runner_id: runnerId, lease_token: nextLeaseToken, lease_until: until }
  await trx.updateTable('executions').set(set).where('id', '=', id).execute()
  await updateAttempt(trx, id, attempt, { runner_id: runnerId })
}

async function noteRenewal(
  trx: Kysely<Database>,
  project: string,
  runnerId: string | null,
  time: number,
): Promise<void> {
  if (runnerId === null) return
  const runner = await trx
    .selectFrom('runners')
    .select(['last_seen', 'pool_stats', 'holds_back'])
    .where('project', '=', project)
    .where('id', '=', runnerId)
    .executeTakeFirst()
  if (runner !== undefined) await noteRunnerSeen(trx, project, runnerId, runner, time)
}

const fenceTarget = ({ executionId, attempt, leaseToken }: Fence) => ({
  id: executionId,
  attempt,
  leaseToken,
})

async function completeAttempt(
  trx: Kysely<Database>,
  time: number,
  fence: Fence,
  row: FencedRow,
  completion: Completion,
  retry: Retry | undefined,
): Promise<void> {
  const { status, usage } = completion
  await appendChunks(trx, row, completion.chunks)
  const cost = row.startedAt === null ? null : await findCost(trx, fence.project, row, usage?.wallMs ?? 0)
  const costMicrons = addCosts(row.costMicrons, cost)
  const moved =
    retry === undefined
      ? await endExecution(trx, time, fence, row, completion, costMicrons)
      : await requeue(trx, time, fenceTarget(fence), retry, {
          progress: describeRetry(row.attempt, completion, retry),
          cost_microns: costMicrons,
        })
  if (!moved)
    throw new RGridError(
      'invalid_request',
      `an attempt that is ${row.status} cannot end as ${status}: report "started" before the end of a script`,
    )
  if (retry !== undefined) await dropOutputs(trx, row.id)
  await closeAttempt(trx, time, row, { ...completion, costMicrons: cost })
}

/** Ends an execution with its last attempt, whose files are the ones that are kept. */
async function endExecution(
  trx: Kysely<Database>,
  time: number,
  fence: Fence,
  row: FencedRow,
  completion: Completion,
  costMicrons: number | null,
): Promise<boolean> {
  const { status, outputs, inline, usage, phases, skipped, cause, exitCode, signal, message } = completion
  await insertInlineBlobs(trx, fence.project, inline, time)
  await assertBlobs(trx, fence.project, outputs)
  await bringOutputsHome(trx, fence.project, row, outputs)
  return moveExecution(trx, fenceTarget(fence), status, {
    cause,
    exit_code: exitCode,
    signal,
    message,
    usage: usage === null ? null : JSON.stringify(usage),
    phases: phases === null || row.startedAt === null ? null : JSON.stringify(phases),
    cost_microns: costMicrons,
    environment: completion.environment,
    skipped: JSON.stringify(skipped),
    notes: JSON.stringify(completion.notes),
    lease_until: null,
    finished_at: time,
  })
}

const addCosts = (before: number | null, cost: number | null): number | null =>
  before === null ? cost : before + (cost ?? 0)

async function findCost(
  trx: Kysely<Database>,
  project: string,
  { runnerId }: FencedRow,
  wallMs: number,
): Promise<number> {
  const runner = await trx
    .selectFrom('runners')
    .select('microns_per_hour')
    .where('project', '=', project)
    .where('id', '=', runnerId ?? '')
    .executeTakeFirst()
  return chargeMicrons(wallMs, runner?.microns_per_hour ?? 0)
}

/** How an attempt ended, and what it cost. */
type Closing = Pick<Completion, 'status' | 'cause' | 'exitCode' | 'signal' | 'message' | 'usage'> & {
  readonly costMicrons: number | null
}

/** Notes the end of an attempt, with how much it has printed. */
export async function closeAttempt(
  trx: Kysely<Database>,
  time: number,
  { id, attempt }: Pick<FencedRow, 'id' | 'attempt'>,
  { status, cause, exitCode, signal, message, usage, costMicrons }: Closing,
): Promise<void> {
  const printed = await trx
    .selectFrom('executions')
    .select(['stdout_bytes', 'stderr_bytes', 'dropped_bytes', 'last_seq'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  await updateAttempt(trx, id, attempt, {
    ended_at: time,
    outcome: status,
    cause,
    exit_code: exitCode,
    signal,
    message,
    usage: usage === null ? null : JSON.stringify(usage),
    cost_microns: costMicrons,
    ...printed,
  })
}

async function updateAttempt(
  trx: Kysely<Database>,
  executionId: string,
  attempt: number,
  set: Updateable<AttemptsTable>,
): Promise<void> {
  await trx
    .updateTable('attempts')
    .set(set)
    .where('execution_id', '=', executionId)
    .where('attempt', '=', attempt)
    .execute()
}
