import { LIMITS } from '@rgrid/protocol'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Running } from '../executors/executor.js'

/** Ends a script: SIGTERM, and after the grace SIGKILL to it and all that it started. */
export async function stopScript(running: Running, graceMs: number = LIMITS.killGraceMs): Promise<void> {
  await running.signal('SIGTERM').catch(() => undefined)
  const grace = new AbortController()
  const ended = running.exit.then(() => grace.abort())
  await Promise.race([ended, sleep(graceMs, undefined, { signal: grace.signal }).catch(() => undefined)])
  if (!grace.signal.aborted) await running.signal('SIGKILL')
}
