import type { Executor } from './executors/executor.js'
import type { Logger } from './logger.js'

/** Looks for changes of what scripts run in. */
export interface EnvironmentWatch {
  /** Looks in a moment, once for all that ask until then. */
  lookSoon(): void
  stop(): void
}

// What changes together, such as the names of images that are loaded from one file, is looked at together.
const DELAY_MS = 50

/** Looks whenever an executor says that what its scripts run in may have changed, and when it is asked to. */
export function watchEnvironments(
  executors: readonly Executor[],
  look: () => Promise<void>,
  logger: Logger,
): EnvironmentWatch {
  let timer: NodeJS.Timeout | undefined
  let isLooking = false
  let isAskedAgain = false
  let isStopped = false

  const act = async (): Promise<void> => {
    timer = undefined
    isLooking = true
    await look().catch((error: unknown) => {
      if (!isStopped) logger.warn(`the server was not told what scripts run in: ${String(error)}`)
    })
    isLooking = false
    if (isAskedAgain) lookSoon()
  }
  const lookSoon = (): void => {
    isAskedAgain = isLooking
    if (!isLooking && !isStopped) timer ??= setTimeout(() => void act(), DELAY_MS).unref()
  }
  const ends = executors.map((executor) => executor.watchEnvironments(lookSoon))

  return {
    lookSoon,
    stop() {
      isStopped = true
      clearTimeout(timer)
      for (const end of ends) end()
    },
  }
}
