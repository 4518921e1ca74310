import type { Offer, Resources } from '@rgrid/protocol'
import type { Context } from '../context.js'
import { fitsOffer, listDemands, type Demand } from '../store/fits-offer.js'
import type { Needs } from '../store/needs.js'
import type { SeenRunner } from '../store/runner-store.js'
import { listConnected } from './fleet.js'
import { formatNames, getOffered } from './offered-runtimes.js'

/** What no runner that is there can satisfy. */
export interface Unfit {
  /** The field of the spec that asks for it. */
  readonly field: string
  readonly message: string
}

/** Says why executions of a project are still queued, where it is more than waiting for their turn. */
export type QueueExplainer = (pool: string, needs: Needs) => Promise<string | null>

/** Makes a {@link QueueExplainer} for one answer: it asks for the runners once, and works out each reason once. */
export function createQueueExplainer(
  context: Pick<Context, 'store' | 'allowProcess'>,
  project: string,
): QueueExplainer {
  const runnersOf = memoize((pool: string) => listConnected(context, project, pool))
  return memoize(async (pool: string, needs: Needs) => explainWait(await runnersOf(pool), needs))
}

/** Says why one execution is still queued, as a {@link QueueExplainer} does. */
export const explainQueue = (
  context: Pick<Context, 'store' | 'allowProcess'>,
  project: string,
  pool: string,
  needs: Needs,
): Promise<string | null> => createQueueExplainer(context, project)(pool, needs)

/** Says together why an execution is queued again and what it waits for, as far as there is something to say. */
export const joinReasons = (retried: string | null, waits: string | null): string | null =>
  retried === null || waits === null ? (retried ?? waits) : `${retried}; ${waits}`

/** Finds what no connected runner can satisfy. One that holds back for now still can. */
export async function findUnfit(
  context: Pick<Context, 'store' | 'allowProcess'>,
  project: string,
  pool: string,
  needs: Needs,
): Promise<Unfit | null> {
  return findUnmet(await listConnected(context, project, pool), needs)
}

function explainWait(runners: readonly SeenRunner[], needs: Needs): string | null {
  const unfit = findUnmet(runners, needs)
  if (unfit !== null) return unfit.message
  const fitting = runners.filter(({ offers }) => offers.some((offer) => fitsOffer(offer, needs)))
  const reasons = fitting.flatMap(({ name, holdsBack }) =>
    holdsBack === null ? [] : [`${name}: ${holdsBack}`],
  )
  if (reasons.length < fitting.length) return null
  const [first = '', ...others] = reasons
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`
  return `no runner that fits claims anything now: ${first}${more}`
}

function findUnmet(runners: readonly SeenRunner[], needs: Needs): Unfit | null {
  if (runners.length === 0)
    return { field: 'runtime', message: 'no runner is connected: start one with "rgrid runner"' }
  const all = runners.flatMap(({ offers }) => offers)
  let left = all
  for (const demand of listDemands(needs)) {
    const fitting = left.filter(demand.isMet)
    if (fitting.length === 0) return { field: demand.field, message: explain(demand, needs, left, all) }
    left = fitting
  }
  return null
}

/** Remembers what a call gave for equal arguments. */
function memoize<A extends unknown[], T>(call: (...args: A) => Promise<T>): (...args: A) => Promise<T> {
  const known = new Map<string, Promise<T>>()
  return (...args) => {
    const key = JSON.stringify(args)
    const found = known.get(key) ?? call(...args)
    known.set(key, found)
    return found
  }
}

function explain(demand: Demand, { runtime, executor }: Needs, left: Offer[], all: Offer[]): string {
  const where = executor === null ? '' : ` on ${executor}`
  // Somebody has this, but not what else is asked for.
  const who = all.some(demand.isMet) ? 'no connected runner that has the rest' : 'no connected runner'
  switch (demand.field) {
    case 'executor':
      return `no connected runner offers ${runtime}${where}`
    case 'runtime':
      return `no connected runner offers ${runtime}${where}: there are ${formatNames(getOffered(left))}`
    case 'image':
      return `no connected runner allows the image ${demand.wanted}${where}`
    case 'network':
      return `${who} offers the network ${demand.wanted}`
    default:
      return `${who} has ${AMOUNTS[demand.name](demand.wanted)}: ${explainMost(demand.name, left)}`
  }
}

const AMOUNTS: Readonly<Record<keyof Resources, (wanted: number) => string>> = {
  cpus: (wanted) => `${wanted} cpus`,
  memoryMib: (wanted) => `${wanted} MiB of memory`,
  pids: (wanted) => `room for ${wanted} processes`,
  diskMib: (wanted) => `${wanted} MiB of disk`,
}

function explainMost(name: keyof Resources, offers: readonly Offer[]): string {
  const most = Math.max(...offers.map(({ resources }) => resources?.[name] ?? 0))
  return most === 0 ? 'none limits scripts, as docker does' : `the most is ${most}`
}
