import type { Executor } from './executors/executor.js'
import type { Logger } from './logger.js'

const INTERVAL_MS = 60_000

/** Lets executors remove what nobody uses, once a minute, until the returned function is called. */
export function sweepRegularly(executors: readonly Executor[], logger: Logger): () => void {
  let isSweeping = false
  const sweep = async (): Promise<void> => {
    if (isSweeping) return
    isSweeping = true
    for (const executor of executors)
      await executor.sweep().catch((error: unknown) => logger.warn(`a sweep failed: ${String(error)}`))
    isSweeping = false
  }
  const timer = setInterval(() => void sweep(), INTERVAL_MS).unref()
  return () => clearInterval(timer)
}
