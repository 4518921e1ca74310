import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { getHome, listContainers, type ListedContainer } from './engine.js'

/** Whether no shared container of a runner has a script in it, or something of one: those that there are stand still. */
export async function areAtRest(instance: string): Promise<boolean> {
  const shared = (await listContainers(instance)).filter(({ Command }) => Command.endsWith(' shared'))
  return shared.every((container) => isFrozen(container) && isEmpty(join(getHome(container), 'work')))
}

/** Whether the control group of a container is frozen, in version 1 or 2. */
function isFrozen({ Id }: ListedContainer): boolean {
  const states = [
    `/sys/fs/cgroup/freezer/docker/${Id}/freezer.state`,
    `/sys/fs/cgroup/freezer/system.slice/docker-${Id}.scope/freezer.state`,
    `/sys/fs/cgroup/docker/${Id}/cgroup.freeze`,
    `/sys/fs/cgroup/system.slice/docker-${Id}.scope/cgroup.freeze`,
  ].filter((path) => existsSync(path))
  return states.some((path) => ['FROZEN', '1'].includes(readFileSync(path, 'latin1').trim()))
}

const isEmpty = (directory: string): boolean => existsSync(directory) && readdirSync(directory).length === 0
