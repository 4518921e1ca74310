import { LIMITS, type Offer, type Resources, type Runtime } from '@rgrid/protocol'
import { availableParallelism, totalmem } from 'node:os'
import type { RuntimeEntry, RuntimeTable } from './images/runtime-table.js'

const MIB = 1024 * 1024

/** Says what containers offer of some runtimes. */
export function createOffer(
  offered: Runtime[],
  runtimes: RuntimeTable,
  allowedImages: readonly string[],
): Offer {
  return {
    executor: 'docker',
    runtimes: offered,
    details: Object.fromEntries(offered.map((runtime) => [runtime, toDetail(runtimes[runtime])])),
    resources: getMost(),
    networks: ['none', 'bridge'],
    images: [...allowedImages],
  }
}

const toDetail = ({ image, command, installer }: RuntimeEntry) => ({
  image,
  command: [...command],
  installer,
})

/** The most that one script may use of this machine. */
function getMost(): Resources {
  return {
    cpus: availableParallelism(),
    memoryMib: Math.floor(totalmem() / MIB),
    pids: LIMITS.pidsMax,
    diskMib: LIMITS.diskMaxMib,
  }
}
