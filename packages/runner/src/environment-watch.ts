import type { Executor } from './executors/executor.js'
import type { Logger } from './logger.js'

/** Looks for changes of what scripts run in. */
export interface EnvironmentWatch {
  stop(): void
}

// What changes together is looked at together; what changes during a look is looked at once more.
const DELAY_MS = 5
// Not every engine tells of every change; a run trusts for as long that a name leads to the same image.
const LOOK_EVERY_MS = 10_000

/** Looks whenever an executor says that what its scripts run in may have changed, and every few seconds. */
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
  const regularly = setInterval(lookSoon, LOOK_EVERY_MS).unref()
  const ends = executors.map((executor) => executor.watchEnvironments(lookSoon))

  return {
    stop() {
      isStopped = true
      clearTimeout(timer)
      clearInterval(regularly)
      for (const end of ends) end()
    },
  }
}
