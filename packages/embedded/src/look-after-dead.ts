import type { Adoption, Executor, Logger, Orphan } from '@rgrid/runner'
import type { ExecutorName } from '@rgrid/protocol'
import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createExecutors } from './create-executors.js'
import { leave, takeOver } from './take-over.js'

/** Where dead runners may have left something, and who looks after it. */
export interface DeadRunnersOptions {
  /** The directories of runners, each named after its instance. */
  readonly root: string
  readonly cacheDirectory: string
  /** The runner that looks after them. */
  readonly heir: string
  readonly logger: Logger | undefined
}

/** What dead runners left beside a living one. */
export interface DeadRunners {
  /** What they left running; see `Executor.findOrphans`. */
  findOrphans(): Promise<Orphan[]>
  /** Removes what else they left. What cannot be removed is told of, and tried again the next time. */
  sweep(): Promise<void>
  close(): Promise<void>
}

interface Estate {
  readonly directory: string
  readonly executors: readonly Executor[]
  /** How many of its scripts are gone on with. */
  scripts: number
  /** Whether nothing was left of it the last time. */
  wasEmpty: boolean
}

/** Makes {@link DeadRunners}. Nothing is looked for before it is asked for. */
export function lookAfterDead({ root, cacheDirectory, heir, logger }: DeadRunnersOptions): DeadRunners {
  const estates = new Map<string, Estate>()

  /** Opens what a dead runner left with the executors that it used, which may be others than this one's. */
  const open = async (instance: string): Promise<void> => {
    const directory = join(root, instance)
    if (estates.has(instance) || !(await takeOver(directory, instance, heir))) return
    // Whether an engine answers in time says nothing of whether there are containers.
    const names: ExecutorName[] = existsSync(join(directory, 'docker')) ? ['docker', 'process'] : ['process']
    const choice = { instance, executors: names, ...(logger === undefined ? {} : { logger }) }
    const executors = await createExecutors(choice, { workDirectory: directory, cacheDirectory })
    estates.set(instance, { directory, executors, scripts: 0, wasEmpty: false })
  }
  const close = async (instance: string, { executors }: Estate): Promise<void> => {
    for (const executor of executors) await executor.close()
    estates.delete(instance)
  }
  const sweep = async (instance: string, estate: Estate): Promise<void> => {
    const { directory, executors, scripts, wasEmpty } = estate
    let isEmpty = scripts === 0
    for (const executor of executors) isEmpty = (await executor.sweep()) && isEmpty
    if (!isEmpty) return
    await rm(directory, { recursive: true, force: true })
    // Once more: a busy engine may have made a container after it was looked for.
    if (wasEmpty) await close(instance, estate)
    else estate.wasEmpty = true
  }
  /** Goes on with a script; after the last of a dead runner's, what else it left goes too. */
  const adopt = (instance: string, estate: Estate, orphan: Orphan): Adoption => {
    const { place, ...adoption } = orphan.adopt()
    estate.scripts++
    const remove = async (): Promise<void> => {
      await place.remove().finally(() => estate.scripts--)
      if (estate.scripts === 0) await sweep(instance, estate)
    }
    return { ...adoption, place: { ...place, remove } }
  }
  const find = async (instance: string, estate: Estate): Promise<Orphan[]> => {
    const found = await Promise.all(estate.executors.map((executor) => executor.findOrphans()))
    return found.flat().map((orphan) => ({ ...orphan, adopt: () => adopt(instance, estate, orphan) }))
  }

  /** For each dead runner; one that fails does not hold up the others. */
  const forEach = async (action: (instance: string, estate: Estate) => Promise<void>): Promise<void> => {
    const attempt = (instance: string, step: () => Promise<void>): Promise<void> =>
      step().catch((error: unknown) =>
        logger?.warn(`what the dead runner ${instance} left stays: ${String(error)}`),
      )
    for (const instance of await readdir(root)) await attempt(instance, () => open(instance))
    for (const [instance, estate] of estates) await attempt(instance, () => action(instance, estate))
  }

  return {
    async findOrphans() {
      const orphans: Orphan[] = []
      await forEach(async (instance, estate) => void orphans.push(...(await find(instance, estate))))
      return orphans
    },
    sweep: () => forEach(sweep),
    async close() {
      for (const [instance, estate] of estates) await close(instance, estate)
      for (const instance of await readdir(root)) await leave(join(root, instance), heir)
    },
  }
}
