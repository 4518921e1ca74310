import { readFileSync } from 'node:fs'

/** What was seen of a container; `null` where nothing was. */
export interface SampledUsage {
  readonly cpuSeconds: number | null
  readonly peakMemoryBytes: number | null
}

/** What a look at a container showed. */
export interface Sight extends SampledUsage {
  /** How many processes run in it: its control group is there some time before and after any does. */
  readonly processes: number
  /** How many of its processes were killed for want of memory; `null` where that is not told. */
  readonly oomKills: number | null
}

/** Looks at a container; `undefined` where its control group is not there. */
export type Look = () => Sight | undefined

const ROOT = '/sys/fs/cgroup'

/** Makes a reader of a container's control group files, wherever this machine keeps them: version 1 or 2. */
export function createCgroupReader(id: string, root = ROOT): Look {
  const layouts = [`docker/${id}`, `system.slice/docker-${id}.scope`].flatMap((group): Look[] => [
    () => readVersion1(`${root}/cpuacct/${group}`, `${root}/memory/${group}`),
    () => readVersion2(`${root}/${group}`),
  ])
  let known: Look | undefined

  return () => {
    if (known !== undefined) return known()
    for (const layout of layouts) {
      const sight = layout()
      if (sight === undefined) continue
      known = layout
      return sight
    }
    return undefined
  }
}

function readVersion1(cpu: string, memory: string): Sight | undefined {
  const nanoseconds = readText(`${cpu}/cpuacct.usage`)
  if (nanoseconds === undefined) return undefined
  return {
    processes: countProcesses(cpu),
    cpuSeconds: Number(nanoseconds) / 1e9,
    peakMemoryBytes: toNumber(readText(`${memory}/memory.max_usage_in_bytes`)),
    oomKills: readOomKills(`${memory}/memory.oom_control`),
  }
}

function readVersion2(group: string): Sight | undefined {
  const microseconds = /^usage_usec (\d+)$/m.exec(readText(`${group}/cpu.stat`) ?? '')?.[1]
  if (microseconds === undefined) return undefined
  // The peak is there since Linux 5.19.
  const memory = readText(`${group}/memory.peak`) ?? readText(`${group}/memory.current`)
  return {
    processes: countProcesses(group),
    cpuSeconds: Number(microseconds) / 1e6,
    peakMemoryBytes: toNumber(memory),
    oomKills: readOomKills(`${group}/memory.events`),
  }
}

const readOomKills = (path: string): number | null =>
  toNumber(/^oom_kill (\d+)$/m.exec(readText(path) ?? '')?.[1])

const countProcesses = (group: string): number =>
  (readText(`${group}/cgroup.procs`) ?? '').split('\n').filter(Boolean).length

const toNumber = (text: string | undefined): number | null => (text === undefined ? null : Number(text))

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1').trim()
  } catch {
    // Not there, no longer there, or not ours to read: all mean that nothing is seen.
    return undefined
  }
}
