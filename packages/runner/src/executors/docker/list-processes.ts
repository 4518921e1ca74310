import type { Container } from 'dockerode'
import { readFileSync } from 'node:fs'
import * as z from 'zod'

const ROOT = '/sys/fs/cgroup'
const topSchema = z.object({ Processes: z.array(z.array(z.string())) })
const PID_COLUMN = 1

/** The processes of a container, by the numbers that they have on this machine. */
export async function listProcesses(container: Container): Promise<readonly number[]> {
  const found = readProcesses(container.id)
  if (found !== undefined) return found
  const answer: unknown = await container.top()
  return topSchema.parse(answer).Processes.map((columns) => Number(columns[PID_COLUMN]))
}

/**
 * The same, at once.
 *
 * @returns `undefined` where the container's control group cannot be read.
 */
export function readProcesses(id: string, root = ROOT): readonly number[] | undefined {
  const groups = [`docker/${id}`, `system.slice/docker-${id}.scope`]
  for (const path of groups.flatMap((group) => [`cpuacct/${group}`, group])) {
    try {
      const text = readFileSync(`${root}/${path}/cgroup.procs`, 'latin1')
      return text.split('\n').filter(Boolean).map(Number)
    } catch {
      // Not there, or no longer.
    }
  }
  return undefined
}
