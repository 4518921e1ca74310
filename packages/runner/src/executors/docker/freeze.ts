import type { Container } from 'dockerode'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** Stops everything that runs in a container, and lets it go on. */
export interface Freezer {
  freeze(): Promise<void>
  thaw(): Promise<void>
}

interface Switch {
  readonly path: string
  readonly frozen: string
  readonly thawed: string
  readonly isFrozen: () => boolean
}

const FREEZE_WITHIN_MS = 1_000

/**
 * Makes a {@link Freezer}: through the container's control group where it can be written to, which takes microseconds,
 * else through the engine.
 *
 * @throws from `freeze` when something in the container does not stop.
 */
export function createFreezer(container: Container, root = '/sys/fs/cgroup'): Freezer {
  const found = findSwitch(container.id, root)
  if (found === undefined)
    return {
      freeze: () => container.pause().then(() => undefined),
      thaw: () => container.unpause().then(() => undefined),
    }
  return {
    async freeze() {
      writeFileSync(found.path, found.frozen)
      const deadline = performance.now() + FREEZE_WITHIN_MS
      while (!found.isFrozen()) {
        if (performance.now() > deadline) {
          // What is half frozen can be killed no more than what is.
          writeFileSync(found.path, found.thawed)
          throw new Error(`the container ${container.id} does not stop`)
        }
        await sleep(1)
      }
    },
    async thaw() {
      writeFileSync(found.path, found.thawed)
    },
  }
}

function findSwitch(id: string, root: string): Switch | undefined {
  for (const group of [`docker/${id}`, `system.slice/docker-${id}.scope`]) {
    const version1 = `${root}/freezer/${group}/freezer.state`
    if (existsSync(version1))
      return {
        path: version1,
        frozen: 'FROZEN',
        thawed: 'THAWED',
        isFrozen: () => readFileSync(version1, 'latin1').startsWith('FROZEN'),
      }
    const version2 = `${root}/${group}/cgroup.freeze`
    if (existsSync(version2))
      return {
        path: version2,
        frozen: '1',
        thawed: '0',
        isFrozen: () => /^frozen 1$/m.test(readFileSync(`${root}/${group}/cgroup.events`, 'latin1')),
      }
  }
  return undefined
}
