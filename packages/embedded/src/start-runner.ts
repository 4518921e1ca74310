import { getUserPaths, RGridError, type ExecutorName } from '@rgrid/protocol'
import type { Logger } from '@rgrid/runner'
import { homedir, hostname } from 'node:os'
import { createLocalRunner } from './create-local-runner.js'
import { createInstance } from './instance.js'

/** How a runner for a server is started. */
export interface StartRunnerOptions {
  readonly url: string
  /** A key with the scope `runner`. */
  readonly apiKey: string
  /** @default 4 */
  readonly slots?: number
  /** @default docker */
  readonly executors?: readonly ExecutorName[]
  /**
   * Needed for the executor `process`, which has no isolation.
   *
   * @default false
   */
  readonly allowProcess?: boolean
  /** @default 0 */
  readonly micronsPerHour?: number
  /** @default `$XDG_DATA_HOME/rgrid` */
  readonly dataDirectory?: string
  readonly logger?: Logger
}

/** A runner that claims. */
export interface StartedRunner {
  readonly name: string
  /** Claims no more, gives running scripts half a minute to end, then ends them. */
  close(): Promise<void>
  /** Resolves when it has stopped; rejects when it cannot go on. */
  readonly closed: Promise<void>
}

const STOP_GRACE_MS = 30_000
// Room for what runs to end, and for everything else on the machine.
const MIN_FREE_DISK_MIB = 2048

/**
 * Starts a runner for a server.
 *
 * @throws RGridError `invalid_request` when `process` is asked for without `allowProcess`, and what registering throws.
 */
export async function startRunner(options: StartRunnerOptions): Promise<StartedRunner> {
  const {
    executors = ['docker'],
    allowProcess = false,
    dataDirectory = getUserPaths(process.env, homedir()).data,
  } = options
  if (executors.includes('process') && !allowProcess)
    throw new RGridError(
      'invalid_request',
      'executor: process runs scripts without isolation: pass --allow-process if all of them are trusted',
    )
  const name = hostname()
  const runner = await createLocalRunner({
    ...options,
    executors,
    dataDirectory,
    name,
    instance: createInstance(),
    keepWarm: true,
    prePull: true,
    minFreeDiskMib: MIN_FREE_DISK_MIB,
  })
  await runner.start()
  return { name, close: () => runner.stop(STOP_GRACE_MS), closed: runner.closed }
}
