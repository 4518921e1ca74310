import { chooseRuntime, RUNTIMES, type Runtime, type RuntimeRecord } from '@rgrid/protocol'
import type { CliContext } from '../context.js'
import { showFleet, type FleetFlags } from './show-fleet.js'

const HEADER = ['RUNTIME', 'EXECUTOR', 'IMAGE', 'COMMAND', 'INSTALLS WITH', 'CHOSEN BY']
const EXTENSIONS = ['.py', '.js', '.mjs', '.cjs', '.sh', '.bash']
const PROGRAMS = ['python3', 'nodejs', 'sh', ...RUNTIMES]

/** Lists the runtimes that runners offer. */
export const runtimes = (context: CliContext, flags: FleetFlags): Promise<number> =>
  showFleet(context, flags, {
    name: 'runtimes',
    read: (client) => client.runtimes(),
    header: HEADER,
    toRow,
  })

const toRow = ({ runtime, executor, image, command, installer }: RuntimeRecord): string[] => [
  runtime,
  executor,
  image ?? '-',
  command.join(' ') || '-',
  installer ?? '-',
  findChoosers(runtime).join(' '),
]

/** The extensions and shebangs that lead to a runtime. */
const findChoosers = (runtime: Runtime): string[] => [
  ...EXTENSIONS.filter((extension) => chooseRuntime(`script${extension}`, '') === runtime),
  ...PROGRAMS.map((program) => `#!${program}`).filter((line) => chooseRuntime('script', line) === runtime),
]
