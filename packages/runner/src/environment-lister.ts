import type { Environments } from '@rgrid/protocol'
import type { Executor } from './executors/executor.js'
import type { Logger } from './logger.js'

/** Lists what the scripts of executors run in. One that cannot say it now is said to be as it was the last time. */
export function createEnvironmentLister(
  executors: readonly Executor[],
  logger: Logger,
): () => Promise<Environments[]> {
  const last = new Map<Executor, Environments>()
  const look = async (executor: Executor): Promise<void> => {
    try {
      last.set(executor, await executor.listEnvironments())
    } catch (error) {
      logger.warn(`what scripts run in on ${executor.name} is not known: ${String(error)}`)
    }
  }
  return async () => {
    await Promise.all(executors.map((executor) => look(executor)))
    return executors.flatMap((executor) => last.get(executor) ?? [])
  }
}
