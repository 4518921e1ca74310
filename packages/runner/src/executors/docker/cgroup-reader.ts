import { readFileSync } from 'node:fs'

/** What was seen of a container; `null` where nothing was. */
export interface SampledUsage {
  readonly cpuSeconds: number | null
  readonly peakMemoryBytes: number | null
}

/** Reads what a container has used so far; `undefined` while or when its control group is not there. */
export type ReadUsage = () => SampledUsage | undefined

const ROOT = '/sys/fs/cgroup'

/** Makes a reader of a container's control group files, wherever this machine keeps them: version 1 or 2. */
export function createCgroupReader(id: string, root = ROOT): ReadUsage {
  const layouts = [`docker/${id}`, `system.slice/docker-${id}.scope`].flatMap((group): ReadUsage[] => [
    () => readVersion1(`${root}/cpuacct/${group}`, `${root}/memory/${group}`),
    () => readVersion2(`${root}/${group}`),
  ])
  let known: ReadUsage | undefined

  return () => {
    if (known !== undefined) return known()
    for (const layout of layouts) {
      const usage = layout()
      if (usage === undefined) continue
      known = layout
      return usage
    }
    return undefined
  }
}

function readVersion1(cpu: string, memory: string): SampledUsage | undefined {
  const nanoseconds = readText(`${cpu}/cpuacct.usage`)
  if (nanoseconds === undefined) return undefined
  return {
    cpuSeconds: Number(nanoseconds) / 1e9,
    peakMemoryBytes: toNumber(readText(`${memory}/memory.max_usage_in_bytes`)),
  }
}

function readVersion2(group: string): SampledUsage | undefined {
  const microseconds = /^usage_usec (\d+)$/m.exec(readText(`${group}/cpu.stat`) ?? '')?.[1]
  if (microseconds === undefined) return undefined
  // The peak is there since Linux 5.19.
  const memory = readText(`${group}/memory.peak`) ?? readText(`${group}/memory.current`)
  return { cpuSeconds: Number(microseconds) / 1e6, peakMemoryBytes: toNumber(memory) }
}

const toNumber = (text: string | undefined): number | null => (text === undefined ? null : Number(text))

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1').trim()
  } catch {
    // Not there, no longer there, or not ours to read: all mean that nothing is seen.
    return undefined
  }
}
