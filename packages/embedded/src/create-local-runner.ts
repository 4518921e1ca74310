import { createRunner, type Executor, type Logger, type Runner, type RunnerOptions } from '@rgrid/runner'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createExecutors, type ExecutorChoice } from './create-executors.js'
import { isDeadInstance } from './instance.js'

/** How a runner with a data directory is made. */
export interface LocalRunnerOptions
  extends ExecutorChoice, Omit<RunnerOptions, 'executors' | 'workDirectory'> {
  readonly dataDirectory: string
}

/** Makes a runner that keeps its workspaces in a data directory, and clears what killed runners left there. */
export async function createLocalRunner({ dataDirectory, ...options }: LocalRunnerOptions): Promise<Runner> {
  const root = join(dataDirectory, 'runners')
  const cacheDirectory = join(dataDirectory, 'cache')
  await mkdir(root, { recursive: true })
  const workDirectory = join(root, options.instance)
  const executors = await createExecutors(options, { workDirectory, cacheDirectory })
  return createRunner({
    ...options,
    executors: alsoSweeping(executors, createClearing({ root, cacheDirectory, logger: options.logger })),
    workDirectory,
  })
}

/** A runner sweeps at its start and every minute, and then also for those that were killed beside it. */
function alsoSweeping([first, ...others]: readonly Executor[], clearDead: () => Promise<void>): Executor[] {
  if (first === undefined) return []
  const sweep = async (): Promise<boolean> => {
    const isDone = await first.sweep()
    await clearDead()
    return isDone
  }
  return [{ ...first, sweep }, ...others]
}

/** Where dead runners may have left something, and who hears of what stays there. */
interface Clearing {
  readonly root: string
  readonly cacheDirectory: string
  readonly logger: Logger | undefined
}

/** Makes a function that clears what dead runners left. What cannot be cleared holds nothing up, and is tried again. */
function createClearing(clearing: Clearing): () => Promise<void> {
  const { root, logger } = clearing
  let last: readonly string[] = []
  return async () => {
    const dead = (await readdir(root)).filter(isDeadInstance)
    // Those of the last time again: a busy engine may have made a container after it was looked for.
    for (const instance of new Set([...dead, ...last]))
      await clear(instance, clearing).catch((error: unknown) =>
        logger?.warn(`what the dead runner ${instance} left stays: ${String(error)}`),
      )
    last = dead
  }
}

/** With every executor of this machine, as the dead runner may have used others than this one. */
async function clear(instance: string, { root, cacheDirectory, logger }: Clearing): Promise<void> {
  const workDirectory = join(root, instance)
  const choice = { instance, ...(logger === undefined ? {} : { logger }) }
  const executors = await createExecutors(choice, { workDirectory, cacheDirectory })
  let isDone = true
  try {
    for (const executor of executors) isDone = (await executor.sweep()) && isDone
  } finally {
    for (const executor of executors) await executor.close()
  }
  // Without an engine that answers its containers are still there: a later sweep finds them by this directory.
  const hasDocker = executors.some(({ name }) => name === 'docker')
  if (isDone && (hasDocker || !existsSync(join(workDirectory, 'docker'))))
    await rm(workDirectory, { recursive: true, force: true })
}
