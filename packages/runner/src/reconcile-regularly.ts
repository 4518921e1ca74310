import type { Logger } from './logger.js'

const INTERVAL_MS = 60_000

/** Reconciles once a minute, until the returned function is called. */
export function reconcileRegularly(reconcile: () => Promise<void>, logger: Logger): () => void {
  let isUnderWay = false
  const act = async (): Promise<void> => {
    if (isUnderWay) return
    isUnderWay = true
    await reconcile().catch((error: unknown) => logger.warn(`it was not reconciled: ${String(error)}`))
    isUnderWay = false
  }
  const timer = setInterval(() => void act(), INTERVAL_MS).unref()
  return () => clearInterval(timer)
}
