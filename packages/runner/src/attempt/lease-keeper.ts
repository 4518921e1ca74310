import { formatAttemptId, leaseStateSchema, LIMITS, RGridError } from '@rgrid/protocol'
import { backoffMs, NO_RETRY, RETRY_LONG, type Api } from '@rgrid/protocol/client'
import type { Logger } from '../logger.js'
import { pause } from '../pause.js'
import type { AttemptRight } from './attempt-reporter.js'

/** What a lease keeper works with. */
export interface LeaseKeeperOptions {
  readonly api: Api
  readonly right: AttemptRight
  readonly leaseMs: number
  readonly longPollMs: number
  /** Called once when someone wants the script to end. */
  readonly onCancel: () => void
  /** Called once when the right to the attempt is gone, or can no longer be known to be there. */
  readonly onLost: () => void
  /** Hears of the first of several renewals in a row that fail, and when the runner lets go by itself. */
  readonly logger: Logger
}

/** Keeps the right to an attempt. */
export interface LeaseKeeper {
  /** Tells the server, and whoever waits there, what the runner is about before the script starts. */
  preparing(message: string): void
  /** Tells the server that the script is over and its files are on their way. */
  finishing(): Promise<void>
  stop(): void
}

// A script that ends sooner costs no renewal, and a cancel is still heard well within 100 ms.
const FIRST_RENEWAL_MS = 50
// How long before the lease could end elsewhere the runner gives up by itself.
const SELF_FENCE_MS = 5_000

/**
 * Renews a lease from a held-open request: the server answers at once when a cancel is requested, else after
 * `longPollMs`, and each request renews the lease as it arrives. Without a success for the length of the lease the
 * runner lets go by itself, by its own monotonic clock, before another may claim.
 */
export function keepLease({
  api,
  right,
  leaseMs,
  longPollMs,
  onCancel,
  onLost,
  logger,
}: LeaseKeeperOptions): LeaseKeeper {
  const control = new AbortController()
  const { signal } = control
  const id = formatAttemptId(right.executionId, right.attempt)
  const path = `/v1/runner/attempts/${id}/renew`
  const fuseMs = Math.max(leaseMs - SELF_FENCE_MS, leaseMs / 2)
  let cancelled = false
  let fuse: NodeJS.Timeout

  const lose = (): void => {
    if (signal.aborted) return
    stop()
    onLost()
  }
  const stop = (): void => {
    clearTimeout(fuse)
    control.abort()
  }
  const giveUp = (): void => {
    logger.warn(`attempt ${id}: given up, as its lease could not be renewed for ${fuseMs / 1000} s`)
    lose()
  }
  const rearm = (): void => {
    clearTimeout(fuse)
    fuse = setTimeout(giveUp, fuseMs).unref()
  }

  const renew = async (
    waitMs: number,
    phase: 'preparing' | 'running' | 'finishing',
    message?: string,
  ): Promise<void> => {
    const json = { leaseToken: right.leaseToken, waitMs, phase, message }
    const state = await api.call(
      leaseStateSchema,
      { method: 'POST', path, json },
      { signal, retry: NO_RETRY },
    )
    rearm()
    if (!state.cancelRequested || cancelled) return
    cancelled = true
    onCancel()
  }

  const keep = async (): Promise<void> => {
    await pause(FIRST_RENEWAL_MS, signal)
    for (let failures = 0; ;) {
      try {
        await renew(cancelled ? 0 : Math.floor(Math.min(longPollMs, leaseMs / 3)), 'running')
        failures = 0
        // Once cancelled the server answers at once, so the pace is kept here.
        if (cancelled) await pause(leaseMs / 3, signal)
      } catch (error) {
        if (signal.aborted) return
        if (error instanceof RGridError && error.code === 'lease_lost') return lose()
        if (failures === 0) logger.warn(`attempt ${id}: its lease is not renewed: ${toMessage(error)}`)
        await pause(backoffMs(RETRY_LONG, failures++), signal)
      }
    }
  }

  rearm()
  keep().catch(() => undefined)
  return {
    preparing(message) {
      // What is not heard of progress is no loss.
      renew(0, 'preparing', message.slice(0, LIMITS.progressChars)).catch(() => undefined)
    },
    finishing: () => renew(0, 'finishing').catch(() => undefined),
    stop,
  }
}

const toMessage = (error: unknown): string => (error instanceof Error ? error.message : String(error))
