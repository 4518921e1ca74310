import { adoptAttempt } from './attempt/adopt-attempt.js'
import type { AttemptContext } from './attempt/run-attempt.js'
import type { Executor } from './executors/executor.js'

/**
 * Puts in order what killed runners left, executor by executor: goes on with the scripts that the server still has for
 * theirs, and removes the rest. One executor that fails does not hold up the others.
 *
 * @param occupy - takes the rest of an attempt, which never rejects
 */
export async function reconcile(
  context: AttemptContext,
  runnerId: string,
  occupy: (work: Promise<void>) => void,
): Promise<void> {
  await forEach(context, async (executor) => {
    await adoptAll(context, runnerId, executor, occupy)
    await executor.sweep()
  })
}

/** Removes all that killed runners left. */
export const letGo = (context: Pick<AttemptContext, 'executors' | 'logger'>): Promise<void> =>
  forEach(context, async (executor) => void (await executor.sweep()))

async function forEach(
  { executors, logger }: Pick<AttemptContext, 'executors' | 'logger'>,
  action: (executor: Executor) => Promise<void>,
): Promise<void> {
  for (const executor of executors)
    await action(executor).catch((error: unknown) =>
      logger.warn(`what killed runners left on ${executor.name} stays: ${String(error)}`),
    )
}

async function adoptAll(
  context: AttemptContext,
  runnerId: string,
  executor: Executor,
  occupy: (work: Promise<void>) => void,
): Promise<void> {
  for (const orphan of await executor.findOrphans()) {
    if (context.stopped.aborted) return
    try {
      const goOn = await adoptAttempt(context, runnerId, orphan)
      if (goOn !== undefined) occupy(goOn())
    } catch (error) {
      // The sweep ends it; the server says of it what it can.
      context.logger.warn(`a script that a killed runner left is not gone on with: ${String(error)}`)
    }
  }
}
