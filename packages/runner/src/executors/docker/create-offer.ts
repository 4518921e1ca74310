import { LIMITS, type Offer, type Resources, type Runtime } from '@rgrid/protocol'
import { statfs } from 'node:fs/promises'
import { availableParallelism, totalmem } from 'node:os'
import { getEntry, type RuntimeEntry, type RuntimeTable } from '../runtimes/runtime-table.js'

const MIB = 1024 * 1024

/** Says what containers offer of some runtimes. */
export function createOffer(
  offered: Runtime[],
  runtimes: RuntimeTable,
  allowedImages: readonly string[],
  resources: Resources,
): Offer {
  return {
    executor: 'docker',
    runtimes: offered,
    details: Object.fromEntries(offered.map((runtime) => [runtime, toDetail(getEntry(runtimes, runtime))])),
    resources,
    networks: ['none', 'bridge'],
    images: [...allowedImages],
  }
}

const toDetail = ({ command, extensions, programs, ...entry }: RuntimeEntry) => ({
  ...entry,
  command: [...command],
  extensions: [...extensions],
  programs: [...programs],
})

/** The most that one script may use of this machine, whose disk is the one that `directory` is on. */
export async function measureMachine(directory: string): Promise<Resources> {
  const { blocks, bsize } = await statfs(directory)
  return {
    cpus: availableParallelism(),
    memoryMib: Math.floor(totalmem() / MIB),
    pids: LIMITS.pidsMax,
    diskMib: Math.min(LIMITS.diskMaxMib, Math.floor((blocks * bsize) / MIB)),
  }
}
