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
  await mkdir(root, { recursive: true })
  await clearDeadInstances(root)
  const executors = await createExecutors(options)
  return createRunner({ ...options, executors, workDirectory: join(root, options.instance) })
}

/** With every executor of this machine, as the dead runner may have used others than this one. */
async function clearDeadInstances(root: string): Promise<void> {
  for (const instance of (await readdir(root)).filter(isDeadInstance)) {
    for (const executor of await createExecutors({ instance })) {
      await executor.sweep()
      await executor.close()
    }
    await rm(join(root, instance), { recursive: true, force: true })
  }
}
