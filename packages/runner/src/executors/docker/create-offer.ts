import { LIMITS, type Offer, type Resources, type Runtime } from '@rgrid/protocol'
import { statfs } from 'node:fs/promises'
import { getEntry, type RuntimeEntry, type RuntimeTable } from '../runtimes/runtime-table.js'
import type { EngineSize } from './engine-size.js'

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

/**
 * The most that one script may use: of the engine's machine, and of the disk that `directory` is on, as the script's files
 * come to lie there wherever it runs.
 */
export async function measureMachine(directory: string, { cpus, memoryMib }: EngineSize): Promise<Resources> {
  const { blocks, bsize } = await statfs(directory)
  return {
    cpus,
    memoryMib,
    pids: LIMITS.pidsMax,
    diskMib: Math.min(LIMITS.diskMaxMib, Math.floor((blocks * bsize) / MIB)),
  }
}
