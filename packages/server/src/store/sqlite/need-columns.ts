import type { Offer } from '@rgrid/protocol'
import { sql, type Expression, type ExpressionBuilder, type Selectable, type SqlBool } from 'kysely'
import type { Needs } from '../needs.js'
import type { Database, ExecutionsTable } from './schema.js'

/** The columns that hold what an execution asks of a runner. */
export const NEED_COLUMNS = [
  'runtime',
  'wanted_executor',
  'image',
  'network',
  'cpus',
  'memory_mib',
  'pids',
  'disk_mib',
] as const

type NeedColumns = Pick<Selectable<ExecutionsTable>, (typeof NEED_COLUMNS)[number]>

const RESOURCE_COLUMNS = [
  ['cpus', 'cpus'],
  ['memory_mib', 'memoryMib'],
  ['pids', 'pids'],
  ['disk_mib', 'diskMib'],
] as const

/** Writes what an execution asks for. */
export const toNeedColumns = ({ runtime, executor, image, network, resources }: Needs): NeedColumns => ({
  runtime,
  wanted_executor: executor,
  image,
  network,
  cpus: resources.cpus ?? null,
  memory_mib: resources.memoryMib ?? null,
  pids: resources.pids ?? null,
  disk_mib: resources.diskMib ?? null,
})

/** Reads what an execution asks for. */
export const readNeeds = (row: NeedColumns): Needs => ({
  runtime: row.runtime,
  executor: row.wanted_executor,
  image: row.image,
  network: row.network,
  resources: Object.fromEntries(
    RESOURCE_COLUMNS.flatMap(([column, name]) => (row[column] === null ? [] : [[name, row[column]]])),
  ),
})

type Builder = ExpressionBuilder<Database, 'executions'>

/** The same as `fitsOffer`, for all that waits at once. */
export function whereFits(eb: Builder, { executor, ...offer }: Offer): Expression<SqlBool> {
  const isFree = (column: (typeof NEED_COLUMNS)[number]) => eb(column, 'is', null)
  return eb.and([
    eb.or([isFree('wanted_executor'), eb('wanted_executor', '=', executor)]),
    eb('runtime', 'in', offer.runtimes),
    whereImageFits(eb, offer),
    eb.or([isFree('network'), eb('network', 'in', listNetworks(offer))]),
    ...RESOURCE_COLUMNS.map(([column, name]) =>
      offer.resources === null
        ? isFree(column)
        : eb.or([isFree(column), eb(column, '<=', offer.resources[name])]),
    ),
  ])
}

function whereImageFits(eb: Builder, { resources, images }: Omit<Offer, 'executor'>): Expression<SqlBool> {
  const isFree = eb('image', 'is', null)
  if (resources === null) return isFree
  return eb.or([isFree, ...images.map((pattern) => sql<SqlBool>`image glob ${toGlob(pattern)}`)])
}

const listNetworks = ({ networks, resources }: Omit<Offer, 'executor'>) =>
  networks.filter((network) => network !== 'none' || resources !== null)

// Beside the star, GLOB knows two more signs, which mean themselves here.
const toGlob = (pattern: string): string => pattern.replace(/[[?]/g, '[$&]')
