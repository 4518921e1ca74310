import { readProc } from './process-table.js'

/** What was seen of a process and its descendants; `null` where nothing was. */
export interface SampledUsage {
  readonly cpuSeconds: number | null
  readonly peakMemoryBytes: number | null
}

const FIRST_INTERVAL_MS = 4
const MAX_INTERVAL_MS = 250
// The kernel's USER_HZ, which is 100 on every platform that Node runs on.
const TICKS_PER_SECOND = 100

/**
 * Measures a process tree by looking at /proc, often at first and every quarter of a second later. Node has no way
 * to ask for a child's use at its end, so what happens after the last look is not seen.
 */
export function sampleUsage(pid: number): { stop(): SampledUsage } {
  let cpuSeconds: number | null = null
  let peakMemoryBytes: number | null = null
  let intervalMs = FIRST_INTERVAL_MS
  let timer: NodeJS.Timeout

  const look = (): void => {
    const tree = listTree(pid)
    cpuSeconds = maxOf(cpuSeconds, sum(tree.map(readCpuSeconds)))
    peakMemoryBytes = maxOf(
      peakMemoryBytes,
      maxOf(readStatus(pid, 'VmHWM'), sum(tree.map((member) => readStatus(member, 'VmRSS')))),
    )
    intervalMs = Math.min(intervalMs * 2, MAX_INTERVAL_MS)
    timer = setTimeout(look, intervalMs).unref()
  }
  timer = setTimeout(look, intervalMs).unref()

  return {
    stop() {
      clearTimeout(timer)
      return { cpuSeconds, peakMemoryBytes }
    },
  }
}

function listTree(root: number): number[] {
  const tree = [root]
  for (const pid of tree) {
    const children = readProc(`/proc/${pid}/task/${pid}/children`) ?? ''
    tree.push(...children.split(' ').filter(Boolean).map(Number))
  }
  return tree
}

/** CPU time of a process and of its descendants that it has waited for. */
function readCpuSeconds(pid: number): number | null {
  const stat = readProc(`/proc/${pid}/stat`)
  if (stat === undefined) return null
  // The name, in parentheses, may hold spaces; after it come the state (3rd field) and utime to cstime (14th to 17th).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = fields.slice(11, 15).reduce((total, field) => total + Number(field), 0)
  const onCpuNs = Number(readProc(`/proc/${pid}/schedstat`)?.split(' ')[0] ?? 0)
  return Math.max(ticks / TICKS_PER_SECOND, onCpuNs / 1e9)
}

function readStatus(pid: number, field: 'VmHWM' | 'VmRSS'): number | null {
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readProc(`/proc/${pid}/status`) ?? '')?.[1]
  return kib === undefined ? null : Number(kib) * 1024
}

function maxOf(left: number | null, right: number | null): number | null {
  if (left === null || right === null) return left ?? right
  return Math.max(left, right)
}

function sum(values: (number | null)[]): number | null {
  const seen = values.filter((value) => value !== null)
  return seen.length === 0 ? null : seen.reduce((total, value) => total + value, 0)
}
