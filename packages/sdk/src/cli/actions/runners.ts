import type { Offer, PoolStats, RunnerRecord } from '@rgrid/protocol'
import type { CliContext } from '../context.js'
import { formatDuration } from '../duration.js'
import { formatResources } from '../format-ask.js'
import { showFleet, type FleetFlags } from './show-fleet.js'

const HEADER = ['NAME', 'STATE', 'SLOTS', 'EXECUTORS', 'WAITING', 'HITS', 'MISSES', 'SEEN', 'LIMITS']

/** Lists the runners that are there now. */
export const runners = (context: CliContext, flags: FleetFlags): Promise<number> =>
  showFleet(context, flags, {
    name: 'runners',
    read: (client) => client.runners(),
    header: HEADER,
    toRow,
    toNote,
  })

const toRow = ({ name, slots, offers, pool, holdsBack, lastSeenAt }: RunnerRecord): string[] => [
  name,
  holdsBack === null ? 'claims' : 'holds back',
  String(slots),
  unique(offers.map(({ executor }) => executor)).join(' '),
  ...formatPool(pool),
  `${formatDuration(Math.max(0, Date.now() - Date.parse(lastSeenAt)))} ago`,
  unique(offers.map(formatLimits)).join('; '),
]

const toNote = ({ name, holdsBack }: RunnerRecord): string | null =>
  holdsBack === null ? null : `${name} claims nothing: ${holdsBack}`

// A runner offers an executor twice where some of its runtimes take a preparation.
const unique = (words: string[]): string[] => [...new Set(words)]

const formatPool = (pool: PoolStats | null): string[] =>
  pool === null ? ['-', '-', '-'] : [pool.waiting, pool.hits, pool.misses].map(String)

const formatLimits = ({ executor, resources }: Offer): string =>
  `${executor}: ${resources === null ? 'none' : formatResources(resources)}`
