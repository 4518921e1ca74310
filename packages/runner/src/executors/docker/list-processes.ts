import { readFileSync } from 'node:fs'

/**
 * The processes of a container, by the numbers that they have on this machine.
 *
 * @returns `undefined` where its control group cannot be read.
 */
export function listProcesses(id: string, root = '/sys/fs/cgroup'): number[] | undefined {
  for (const group of [`cpuacct/docker/${id}`, `docker/${id}`]) {
    for (const path of [group, group.replace(`docker/${id}`, `system.slice/docker-${id}.scope`)]) {
      try {
        const text = readFileSync(`${root}/${path}/cgroup.procs`, 'latin1')
        return text.split('\n').filter(Boolean).map(Number)
      } catch {
        // Not there, or no longer.
      }
    }
  }
  return undefined
}
