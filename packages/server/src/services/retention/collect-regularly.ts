import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Context } from '../../context.js'
import { collectGarbage } from './collect-garbage.js'

const FIRST_MS = 60_000
const EVERY_MS = 3_600_000
// Servers that were started together do not all ask at once.
const JITTER_MS = 600_000
const LAST_EVERY_MS = 24 * 3_600_000
const LAST_BUDGET_MS = 250
const MIN_PAUSE_MS = 2

/** Collecting that goes on until it is stopped. */
export interface Collecting {
  /** Breaks off what is under way. Resolves when nothing is. */
  stop(): Promise<void>
}

/** Collects once an hour, the first time a minute after the start; a process of embedded mode also at its end. */
export function collectRegularly(context: Context): Collecting {
  const stopping = new AbortController()
  const holder = randomUUID()
  let running: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined

  const collect = (everyMs: number, signal: AbortSignal, pause = restAfter): Promise<void> =>
    collectGarbage(context, { holder, everyMs, signal, pause }).catch((error: unknown) => {
      if (!stopping.signal.aborted) context.logger.error('collecting what has expired failed', { error })
    })
  const plan = (waitMs: number): void => {
    timer = setTimeout(() => {
      running = collect(EVERY_MS, stopping.signal).then(() => {
        if (!stopping.signal.aborted) plan(EVERY_MS + Math.random() * JITTER_MS)
      })
    }, waitMs).unref()
  }
  plan(FIRST_MS)

  return {
    async stop() {
      stopping.abort()
      clearTimeout(timer)
      await running
      // It seldom lives for a minute, so it would never collect otherwise.
      if (context.pool.startsWith('embedded-'))
        await collect(LAST_EVERY_MS, AbortSignal.timeout(LAST_BUDGET_MS), () => Promise.resolve())
    },
  }
}

/** Leaves the store to others for twice as long as it was used. */
const restAfter = (workedMs: number): Promise<void> =>
  sleep(Math.max(2 * workedMs, MIN_PAUSE_MS), undefined, { ref: false })
