const LONGEST_INTERVAL_MS = 2 ** 31 - 1

/**
 * Keeps the process alive while someone waits for an execution: in embedded mode nothing else may hold it while the
 * execution is queued.
 */
export function createKeepAlive(): { release(): void } {
  const timer = setInterval(() => undefined, LONGEST_INTERVAL_MS)
  return { release: () => clearInterval(timer) }
}
