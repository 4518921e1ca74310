import type { Container } from 'dockerode'
import { setTimeout as sleep } from 'node:timers/promises'

const INTERVAL_MS = 1_000
const BLOCKED_MS = 500

/**
 * Waits until a container has ended, by asking the engine: for where its control group cannot be seen. Knows it before
 * the engine says so: while the engine waits for the reader of a container that has ended, it answers no question about
 * that container.
 *
 * @returns `false` when `signal` has aborted before.
 */
export async function waitUntilGone(container: Container, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    const isRunning = await Promise.race([
      isStillRunning(container),
      sleep(BLOCKED_MS, false, { ref: false }),
    ])
    if (!isRunning) return !signal.aborted
    await sleep(INTERVAL_MS, undefined, { ref: false, signal }).catch(() => undefined)
  }
  return false
}

function isStillRunning(container: Container): Promise<boolean> {
  return container.inspect().then(
    ({ State }) => State.Running,
    // No answer is none: the wait for the end finds out.
    () => true,
  )
}
