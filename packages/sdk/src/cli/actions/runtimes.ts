import type { RuntimeRecord } from '@rgrid/protocol'
import type { CliContext } from '../context.js'
import { showFleet, type FleetFlags } from './show-fleet.js'

const HEADER = ['RUNTIME', 'EXECUTOR', 'IMAGE', 'COMMAND', 'INSTALLS WITH', 'CHOSEN BY']

/** Lists the runtimes that runners offer. */
export const runtimes = (context: CliContext, flags: FleetFlags): Promise<number> =>
  showFleet(context, flags, {
    name: 'runtimes',
    read: (client) => client.runtimes(),
    header: HEADER,
    toRow,
  })

const toRow = (record: RuntimeRecord): string[] => [
  record.runtime,
  record.executor,
  record.image ?? '-',
  record.command.join(' ') || '-',
  record.installer ?? '-',
  [...record.extensions, ...record.programs.map((program) => `#!${program}`)].join(' ') || '-',
]
