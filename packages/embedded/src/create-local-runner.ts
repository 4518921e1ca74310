import { createRunner, type Executor, type Runner, type RunnerOptions } from '@rgrid/runner'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createExecutors, type ExecutorChoice } from './create-executors.js'
import { lookAfterDead, type DeadRunners } from './look-after-dead.js'

/** How a runner with a data directory is made. */
export interface LocalRunnerOptions
  extends ExecutorChoice, Omit<RunnerOptions, 'executors' | 'workDirectory'> {
  readonly dataDirectory: string
}

/** Makes a runner that keeps its workspaces in a data directory, and takes over what killed runners left there. */
export async function createLocalRunner({ dataDirectory, ...options }: LocalRunnerOptions): Promise<Runner> {
  const root = join(dataDirectory, 'runners')
  const cacheDirectory = join(dataDirectory, 'cache')
  await mkdir(root, { recursive: true })
  const workDirectory = join(root, options.instance)
  const executors = await createExecutors(options, { workDirectory, cacheDirectory })
  const { instance: heir, logger } = options
  const dead = lookAfterDead({ root, cacheDirectory, heir, logger })
  return createRunner({
    ...options,
    executors: alsoFor(dead, executors),
    workDirectory,
  })
}

/** What is true of the first executor is then also true of what dead runners left. */
function alsoFor(dead: DeadRunners, [first, ...others]: readonly Executor[]): Executor[] {
  if (first === undefined) return []
  const executor: Executor = {
    ...first,
    findOrphans: async () => [...(await first.findOrphans()), ...(await dead.findOrphans())],
    async sweep() {
      const isDone = await first.sweep()
      await dead.sweep()
      return isDone
    },
    async close() {
      await dead.close()
      await first.close()
    },
  }
  return [executor, ...others]
}
