import {
  LIMITS,
  RGridError,
  type Claim,
  type PoolStats,
  type Registered,
  type registerSchema,
} from '@rgrid/protocol'
import type * as z from 'zod'
import { RECHECK_MS, type Context } from '../context.js'
import { executionTopic, queueTopic } from '../signals.js'
import type { StoredClaim } from '../store/execution-store.js'
import { allowedExecutors } from './fleet.js'

// Together with the specs themselves, 64 claims stay within what a client reads of one answer.
const CLAIM_INLINE_BYTES = 2 * LIMITS.inlineTotalBytes

/**
 * Registers a runner for the pool of this server.
 *
 * @throws RGridError `forbidden` when it offers an executor that this server does not allow.
 */
export async function registerRunner(
  context: Context,
  project: string,
  { runnerId, ...said }: z.output<typeof registerSchema>,
): Promise<Registered> {
  const allowed = allowedExecutors(context)
  if (said.offers.some(({ executor }) => !allowed.includes(executor)))
    throw new RGridError(
      'forbidden',
      'this server refuses the process executor, as it runs scripts without isolation: start the server with --allow-process, or the runner with docker',
    )
  await context.store.runners.register({ id: runnerId, project, pool: context.pool, ...said })
  return { leaseMs: context.leaseMs, longPollMs: LIMITS.longPollMs, logBytes: LIMITS.logBytes }
}

/** What a runner asks for. */
export interface ClaimRequest {
  readonly runnerId: string
  readonly claimId: string
  readonly max: number
  readonly waitMs: number
  /** How its waiting containers fare. */
  readonly pool?: PoolStats | undefined
  /** Why it holds back. */
  readonly holdsBack?: string | undefined
}

/**
 * Hands out executions, waiting for some to come up. A runner that is gone gets none, and one that holds back is
 * answered at once.
 *
 * @throws RGridError `runner_unknown`.
 */
export async function claimExecutions(
  context: Context,
  project: string,
  { waitMs, pool: poolStats, ...order }: ClaimRequest,
  gone: AbortSignal,
): Promise<Claim[]> {
  const { store, signals, pool, leaseMs, closing } = context
  const executors = allowedExecutors(context)
  const deadline = performance.now() + (order.holdsBack === undefined ? waitMs : 0)
  const watch = signals.watch(queueTopic(project, pool))
  try {
    while (!gone.aborted && !closing.aborted) {
      const claims = await store.executions.claim({ ...order, project, pool, leaseMs, executors, poolStats })
      for (const { executionId } of claims) signals.notifySoon(executionTopic(executionId))
      const leftMs = deadline - performance.now()
      if (claims.length > 0 || leftMs <= 0) return toClaims(claims)
      await watch.wait(Math.min(leftMs, RECHECK_MS), gone)
    }
    return []
  } finally {
    watch.close()
  }
}

function toClaims(stored: readonly StoredClaim[]): Claim[] {
  let left = CLAIM_INLINE_BYTES
  const toFile = ({ file, data }: StoredClaim['files'][number]): Claim['spec']['files'][number] => {
    if (data === null || data.byteLength > left) return file
    left -= data.byteLength
    return { ...file, data: Buffer.from(data).toString('base64') }
  }
  // What is the server's own business stays here: older runners would not know it.
  return stored.map(
    ({ spec: { priority: _priority, retries: _retries, cache: _cache, ...spec }, files, ...claim }) => ({
      ...claim,
      spec: { ...spec, files: files.map(toFile) },
    }),
  )
}
