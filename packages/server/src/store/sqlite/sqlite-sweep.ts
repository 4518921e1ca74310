import { sql, type Kysely } from 'kysely'
import type { SweepLimits, Swept } from '../execution-store.js'
import { describeRetry } from '../decide-retry.js'
import { moveExecution } from './move-execution.js'
import { BEFORE_CLAIM, findRetry, requeue } from './retry-attempt.js'
import type { Database } from './schema.js'
import { closeAttempt } from './sqlite-attempts.js'
import { dropOutputs } from './staged-outputs.js'

const BATCH = 500
const EMBEDDED = 'embedded-'

// A literal, as SQLite cannot use the index of queued rows for a bound parameter.
const QUEUED = sql.lit('queued' as const)

const LOST_AFTER_START =
  'the runner stopped reporting after the script had started, so it is not known how the script ended'
const NEVER_STARTED =
  'the process that accepted this execution ended before it was started; the script never ran'
const NEVER_AGAIN = 'the process that accepted this execution ended while it waited to be tried again'
const TAKEN_BEFORE_START = 'the runner stopped reporting before the script had started'

const LOST = {
  status: 'lost',
  cause: 'runner_lost',
  exitCode: null,
  signal: null,
  usage: null,
  costMicrons: null,
} as const

const released = { lease_token: null, lease_until: null, runner_id: null, claim_id: null }

/** Takes away leases that ran out, and gives up executions whose embedded process is gone. */
export async function sweepExecutions(
  db: Kysely<Database>,
  now: () => number,
  limits: SweepLimits,
): Promise<Swept[]> {
  const time = now()
  const expired = await listExpired(db, time - limits.leaseMarginMs)
  const orphans = await listOrphans(db, time - limits.embeddedGraceMs)
  if (expired.length === 0 && orphans.length === 0) return []
  return db.transaction().execute(async (trx) => {
    const swept: Swept[] = []
    for (const row of await listExpired(trx, time - limits.leaseMarginMs)) {
      const message = row.started_at === null ? TAKEN_BEFORE_START : LOST_AFTER_START
      await closeAttempt(trx, time, row, { ...LOST, message })
      swept.push(await releaseOne(trx, time, row))
    }
    for (const { id, project, pool, lane, attempt } of await listOrphans(
      trx,
      time - limits.embeddedGraceMs,
    )) {
      await moveExecution(trx, { id }, 'lost', {
        cause: 'runner_lost',
        message: attempt === 0 ? NEVER_STARTED : NEVER_AGAIN,
        finished_at: time,
      })
      swept.push({ id, project, pool, lane, status: 'lost', dueInMs: 0 })
    }
    return swept
  })
}

type Expired = Awaited<ReturnType<typeof listExpired>>[number]

async function releaseOne(trx: Kysely<Database>, time: number, row: Expired): Promise<Swept> {
  const { id, project, pool, lane } = row
  await dropOutputs(trx, id)
  if (row.started_at !== null) return releaseStarted(trx, time, row)
  if (row.cancel_requested === 1) {
    const ended = {
      cause: 'cancelled',
      message: 'cancelled before it was started',
      finished_at: time,
    } as const
    await moveExecution(trx, { id }, 'cancelled', { ...released, ...ended })
    return { id, project, pool, lane, status: 'cancelled', dueInMs: 0 }
  }
  await moveExecution(trx, { id }, 'queued', { ...BEFORE_CLAIM, lease_token: null, queued_at: time })
  return { id, project, pool, lane, status: 'queued', dueInMs: 0 }
}

/** Only an attempt that provably never started may be given to another runner without the caller's leave. */
async function releaseStarted(trx: Kysely<Database>, time: number, row: Expired): Promise<Swept> {
  const { id, project, pool, lane, attempt, cost_microns: costMicrons } = row
  const retry = await findRetry(trx, { id, attempt, cancelRequested: row.cancel_requested === 1 }, LOST)
  if (retry !== undefined) {
    const progress = describeRetry(attempt, LOST, retry)
    await requeue(trx, time, { id }, retry, { progress, cost_microns: costMicrons, lease_token: null })
    return { id, project, pool, lane, status: 'queued', dueInMs: retry.delayMs }
  }
  const ended = { cause: 'runner_lost', message: LOST_AFTER_START, finished_at: time } as const
  await moveExecution(trx, { id }, 'lost', { ...released, ...ended })
  return { id, project, pool, lane, status: 'lost', dueInMs: 0 }
}

function listExpired(db: Kysely<Database>, before: number) {
  return db
    .selectFrom('executions')
    .select(['id', 'project', 'pool', 'lane', 'attempt', 'started_at', 'cancel_requested', 'cost_microns'])
    .where('status', 'in', ['claimed', 'running', 'finishing'])
    .where('lease_until', '<', before)
    .limit(BATCH)
    .execute()
}

function listOrphans(db: Kysely<Database>, before: number) {
  return db
    .selectFrom('executions')
    .select(['id', 'project', 'pool', 'lane', 'attempt'])
    .where('status', '=', QUEUED)
    .where('pool', 'like', `${EMBEDDED}%`)
    .where('created_at', '<', before)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('runners')
            .select('id')
            .whereRef('runners.project', '=', 'executions.project')
            .whereRef('runners.pool', '=', 'executions.pool')
            .where('last_seen', '>=', before),
        ),
      ),
    )
    .limit(BATCH)
    .execute()
}
