import { createRunner, type Runner, type RunnerOptions } from '@rgrid/runner'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createExecutors, type ExecutorChoice } from './create-executors.js'
import { isDeadInstance } from './instance.js'

/** How a runner with a data directory is made. */
export interface LocalRunnerOptions
  extends ExecutorChoice, Omit<RunnerOptions, 'executors' | 'workDirectory'> {
  readonly dataDirectory: string
}

/** Makes a runner that keeps its workspaces in a data directory, after clearing what killed runners left there. */
export async function createLocalRunner({ dataDirectory, ...options }: LocalRunnerOptions): Promise<Runner> {
  const root = join(dataDirectory, 'runners')
  const cacheDirectory = join(dataDirectory, 'cache')
  await mkdir(root, { recursive: true })
  await clearDeadInstances(root, cacheDirectory)
  const workDirectory = join(root, options.instance)
  const executors = await createExecutors(options, { workDirectory, cacheDirectory })
  return createRunner({ ...options, executors, workDirectory })
}

/** With every executor of this machine, as the dead runner may have used others than this one. */
async function clearDeadInstances(root: string, cacheDirectory: string): Promise<void> {
  for (const instance of (await readdir(root)).filter(isDeadInstance)) {
    const workDirectory = join(root, instance)
    for (const executor of await createExecutors({ instance }, { workDirectory, cacheDirectory })) {
      await executor.sweep()
      await executor.close()
    }
    await rm(workDirectory, { recursive: true, force: true })
  }
}
