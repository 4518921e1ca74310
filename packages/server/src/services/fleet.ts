import {
  compareRuntimes,
  type ExecutorName,
  type Offer,
  type Runtime,
  type RuntimeDetail,
  type RunnerRecord,
  type RuntimeRecord,
} from '@rgrid/protocol'
import type { Context } from '../context.js'
import type { SeenRunner } from '../store/runner-store.js'

const SEEN_WITHIN_MS = 30_000

/** The executors that this server allows, whatever runners offer. */
export const allowedExecutors = ({ allowProcess }: Pick<Context, 'allowProcess'>): ExecutorName[] =>
  allowProcess ? ['docker', 'process'] : ['docker']

/** The runners of a pool that are there now, or were within a time, with what they may do for this server. */
export async function listConnected(
  context: Pick<Context, 'store' | 'allowProcess'>,
  project: string,
  pool: string,
  withinMs = SEEN_WITHIN_MS,
): Promise<SeenRunner[]> {
  const allowed = allowedExecutors(context)
  const runners = await context.store.runners.list(project, pool, withinMs)
  return runners.map((runner) => ({
    ...runner,
    offers: runner.offers.filter(({ executor }) => allowed.includes(executor)),
  }))
}

/** The runners that are there now. */
export async function listRunners(context: Context, project: string): Promise<RunnerRecord[]> {
  const runners = await listConnected(context, project, context.pool)
  return runners.map(({ id, name, slots, offers, poolStats, holdsBack, lastSeen }) => ({
    id,
    name,
    slots,
    offers: [...offers],
    pool: poolStats,
    holdsBack,
    lastSeenAt: new Date(lastSeen).toISOString(),
  }))
}

/** The runtimes that runners offer now: one entry for all who start a runtime in the same way. */
export async function listRuntimes(context: Context, project: string): Promise<RuntimeRecord[]> {
  const byKey = new Map<string, RuntimeRecord>()
  for (const { offers } of await listConnected(context, project, context.pool)) {
    const own = offers.flatMap((offer) => offer.runtimes.map((runtime) => describeRuntime(offer, runtime)))
    for (const [key, record] of new Map(own.map((each) => [JSON.stringify(each), each])))
      byKey.set(key, { ...record, runners: (byKey.get(key)?.runners ?? 0) + 1 })
  }
  return [...byKey.values()].sort(
    (a, b) => compareRuntimes(a.runtime, b.runtime) || a.executor.localeCompare(b.executor),
  )
}

const NO_DETAIL: RuntimeDetail = { image: null, command: [], installer: null, extensions: [], programs: [] }

function describeRuntime({ executor, details }: Offer, runtime: Runtime): RuntimeRecord {
  // Every object knows names of its own, such as `constructor`.
  const detail = Object.hasOwn(details, runtime) ? details[runtime] : undefined
  return { runtime, executor, ...(detail ?? NO_DETAIL), runners: 1 }
}
