import type { ExecutorName } from '@rgrid/protocol'
import {
  createDockerExecutor,
  createProcessExecutor,
  isEngineAnswering,
  loadRuntimes,
  type Executor,
  type Logger,
} from '@rgrid/runner'
import { join } from 'node:path'

/** The executors of a runner on this machine. */
export interface ExecutorChoice {
  readonly instance: string
  /** @default Docker where an engine answers, and plain processes */
  readonly executors?: readonly ExecutorName[] | undefined
  /** How many scripts run at once. @default 4 */
  readonly slots?: number
  /** Whether containers wait for scripts from the start. @default false */
  readonly keepWarm?: boolean
  /** Whether the images of the most usual runtimes are pulled at the start. @default false */
  readonly prePull?: boolean
  readonly logger?: Logger
}

/** Where executors keep their files. */
export interface ExecutorDirectories {
  /** The runner's own. */
  readonly workDirectory: string
  /** Shared by all runners of a data directory. */
  readonly cacheDirectory: string
}

/**
 * Makes the executors of a runner, in order of preference. What runtimes are in containers comes from `RGRID_RUNTIMES`
 * and `RGRID_IMAGES`, else from the default table; the engine's runtime from `RGRID_ENGINE_RUNTIME`.
 *
 * @throws TypeError when one of those is wrong.
 */
export async function createExecutors(
  { executors, ...choice }: ExecutorChoice,
  directories: ExecutorDirectories,
): Promise<Executor[]> {
  const names =
    executors ?? ((await isEngineAnswering()) ? (['docker', 'process'] as const) : (['process'] as const))
  const engineRuntime = process.env['RGRID_ENGINE_RUNTIME']
  return Promise.all(
    names.map(async (name) => {
      const options = { ...choice, ...directories, workDirectory: join(directories.workDirectory, name) }
      if (name === 'process') return createProcessExecutor(options)
      return createDockerExecutor({
        ...options,
        runtimes: await loadRuntimes(),
        ...(engineRuntime === undefined ? {} : { engineRuntime }),
      })
    }),
  )
}
