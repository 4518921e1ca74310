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
 * Makes the executors of a runner, in order of preference. What runtimes there are comes from `RGRID_RUNTIMES` and
 * `RGRID_IMAGES`, else from the default table; the engine's socket from `DOCKER_HOST`, its runtime from
 * `RGRID_ENGINE_RUNTIME`.
 *
 * @throws RGridError `invalid_config` or TypeError when one of those is wrong.
 */
export async function createExecutors(
  { executors, ...choice }: ExecutorChoice,
  directories: ExecutorDirectories,
): Promise<Executor[]> {
  const socketPath = readSocketPath(process.env['DOCKER_HOST'])
  const names = executors ?? (await chooseExecutors(socketPath))
  const engineRuntime = process.env['RGRID_ENGINE_RUNTIME']
  const runtimes = await loadRuntimes()
  return Promise.all(
    names.map(async (name) => {
      const workDirectory = join(directories.workDirectory, name)
      const options = { ...choice, ...directories, workDirectory, runtimes }
      if (name === 'process') return createProcessExecutor(options)
      if (socketPath === undefined)
        throw new TypeError(
          `DOCKER_HOST is ${process.env['DOCKER_HOST']}, and only engines behind a socket of this machine can be used so far: unix:///var/run/docker.sock`,
        )
      return createDockerExecutor({
        ...options,
        socketPath,
        ...(engineRuntime === undefined ? {} : { engineRuntime }),
      })
    }),
  )
}

async function chooseExecutors(socketPath: string | undefined): Promise<ExecutorName[]> {
  const hasEngine = socketPath !== undefined && (await isEngineAnswering(socketPath))
  return hasEngine ? ['docker', 'process'] : ['process']
}

/** The socket that `DOCKER_HOST` names, or the usual one; `undefined` where it names something else. */
function readSocketPath(host = ''): string | undefined {
  if (host === '') return '/var/run/docker.sock'
  return /^unix:\/\/(\/.+)$/.exec(host)?.[1]
}
