import { setTimeout as sleep } from 'node:timers/promises'
import { RGridError } from '../errors.js'

/** How often a request that is safe to repeat is repeated when the server is out of reach or asks for time. */
export interface RetryPolicy {
  readonly times: number
  readonly firstDelayMs: number
  readonly maxDelayMs: number
}

/** For a request that must not be repeated. */
export const NO_RETRY: RetryPolicy = { times: 0, firstDelayMs: 0, maxDelayMs: 0 }

/** For a first contact, where a person waits for an answer: about half a second. */
export const RETRY_BRIEFLY: RetryPolicy = { times: 3, firstDelayMs: 50, maxDelayMs: 400 }

/** For work that is under way: about two minutes. */
export const RETRY_LONG: RetryPolicy = { times: 30, firstDelayMs: 50, maxDelayMs: 5_000 }

/** The pause before repetition `attempt` (from 0): doubling, with up to half of it at random. */
export function backoffMs({ firstDelayMs, maxDelayMs }: RetryPolicy, attempt: number): number {
  const full = Math.min(maxDelayMs, firstDelayMs * 2 ** attempt)
  return full / 2 + (Math.random() * full) / 2
}

/** Waits. When the signal aborts it fails at once, with the signal's own reason. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal })
  } catch (error) {
    throw signal?.aborted === true ? signal.reason : error
  }
}

const isPassing = (error: unknown): boolean =>
  error instanceof RGridError && (error.code === 'unreachable' || error.code === 'unavailable')

/** Runs `operation`, again after a passing failure as often as the policy allows. Other failures pass through. */
export async function withRetry<T>(
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
  operation: () => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await operation()
    } catch (error) {
      if (attempt >= policy.times || !isPassing(error)) throw error
      await pause(backoffMs(policy, attempt), signal)
    }
  }
}
