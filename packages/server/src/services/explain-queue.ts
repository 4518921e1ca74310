import type { Offer, Resources } from '@rgrid/protocol'
import type { Context } from '../context.js'
import { listDemands, type Demand } from '../store/fits-offer.js'
import type { Needs } from '../store/needs.js'
import { listConnected } from './fleet.js'
import { formatNames, getOffered } from './offered-runtimes.js'

/** What no runner that is there can satisfy. */
export interface Unfit {
  /** The field of the spec that asks for it. */
  readonly field: string
  readonly message: string
}

/** Says why an execution is still queued, where it is more than waiting for its turn. */
export async function explainQueue(
  context: Pick<Context, 'store' | 'allowProcess'>,
  project: string,
  pool: string,
  needs: Needs,
): Promise<Unfit | null> {
  const runners = await listConnected(context, project, pool)
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
