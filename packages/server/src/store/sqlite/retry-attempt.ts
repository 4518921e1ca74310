import { LIMITS } from '@rgrid/protocol'
import type { Kysely, Updateable } from 'kysely'
import { decideRetry, type AttemptEnd, type Retry } from '../decide-retry.js'
import { moveExecution, type MoveTarget } from './move-execution.js'
import type { Database, ExecutionsTable } from './schema.js'
import { parseSpec } from './to-execution.js'

/** An attempt that has ended. */
export interface EndedAttempt {
  readonly id: string
  readonly attempt: number
  readonly cancelRequested: boolean
}

/** Finds whether the caller wants another attempt after this end. Who has asked for a cancel does not. */
export async function findRetry(
  trx: Kysely<Database>,
  { id, attempt, cancelRequested }: EndedAttempt,
  end: AttemptEnd,
  memoryCeilingMib: number = LIMITS.memoryMaxMib,
): Promise<Retry | undefined> {
  if (cancelRequested || end.exitCode === 0) return undefined
  const row = await trx
    .selectFrom('executions')
    .select(['spec', 'memory_mib'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  const { retries } = parseSpec(row.spec)
  if (retries === undefined) return undefined
  const before = await listEnds(trx, id, attempt)
  return decideRetry(retries, end, before, { now: row.memory_mib, most: memoryCeilingMib })
}

/** How the attempts before one ended. Those that were only taken from a runner before they started do not count. */
async function listEnds(trx: Kysely<Database>, id: string, attempt: number): Promise<AttemptEnd[]> {
  const rows = await trx
    .selectFrom('attempts')
    .select(['cause', 'exit_code', 'started_at'])
    .where('execution_id', '=', id)
    .where('attempt', '<', attempt)
    .execute()
  return rows.flatMap(({ cause, exit_code: exitCode, started_at: startedAt }) =>
    cause === null || (cause === 'runner_lost' && startedAt === null) ? [] : [{ cause, exitCode }],
  )
}

/** What of an execution belonged to its last attempt, and goes when it waits for the next one. */
export const BEFORE_CLAIM = {
  executor: null,
  runner_id: null,
  claim_id: null,
  lease_until: null,
  claimed_at: null,
  started_at: null,
  finishing_at: null,
} as const

type Requeued = Pick<Updateable<ExecutionsTable>, 'progress' | 'cost_microns' | 'lease_token'>

/** Puts an execution back into the queue, where it is left alone until it is due. */
export function requeue(
  trx: Kysely<Database>,
  time: number,
  target: MoveTarget,
  { delayMs, memoryMib }: Retry,
  set: Requeued,
): Promise<boolean> {
  const due = time + delayMs
  const memory = memoryMib === null ? {} : { memory_mib: memoryMib }
  return moveExecution(trx, target, 'queued', {
    ...BEFORE_CLAIM,
    ...memory,
    ...set,
    not_before: due,
    queued_at: due,
  })
}
