import type { ExecutorName } from '@rgrid/protocol'
import {
  createDockerExecutor,
  createProcessExecutor,
  isEngineAnswering,
  loadRuntimes,
  readEngineAddress,
  type EngineAddress,
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
 * Makes the executors of a runner, in order of preference. What runtimes there are comes from `RGRID_RUNTIMES` and
 * `RGRID_IMAGES`, else from the default table; where the engine is from `DOCKER_HOST` and its like, its runtime from
 * `RGRID_ENGINE_RUNTIME`.
 *
 * @throws RGridError `invalid_config` or TypeError when one of those is wrong.
 */
export async function createExecutors(
  { executors, ...choice }: ExecutorChoice,
  directories: ExecutorDirectories,
): Promise<Executor[]> {
  const readEngine = (): Promise<EngineAddress> => readEngineAddress(process.env)
  const names = executors ?? (await chooseExecutors(readEngine))
  const engineRuntime = process.env['RGRID_ENGINE_RUNTIME']
  const runtimes = await loadRuntimes()
  return Promise.all(
    names.map(async (name) => {
      const workDirectory = join(directories.workDirectory, name)
      const options = { ...choice, ...directories, workDirectory, runtimes }
      if (name === 'process') return createProcessExecutor(options)
      return createDockerExecutor({
        ...options,
        engine: await readEngine(),
        ...(engineRuntime === undefined ? {} : { engineRuntime }),
      })
    }),
  )
}

// An engine that is far away takes its time for a handshake.
const REMOTE_TIMEOUT_MS = 3_000

async function chooseExecutors(readEngine: () => Promise<EngineAddress>): Promise<ExecutorName[]> {
  const address = await readEngine()
  const timeoutMs = 'socketPath' in address ? undefined : REMOTE_TIMEOUT_MS
  return (await isEngineAnswering(address, timeoutMs)) ? ['docker', 'process'] : ['process']
}
