import {
  LIMITS,
  RETRIED_CAUSES,
  toTerminalStatus,
  type Cause,
  type RetriedCause,
  type Retries,
} from '@rgrid/protocol'
import { backoffMs } from '@rgrid/protocol/client'

const BACKOFF = {
  times: LIMITS.retriesPerCause,
  firstDelayMs: LIMITS.retryFirstDelayMs,
  maxDelayMs: LIMITS.retryMaxDelayMs,
}

/** How an attempt ended, as far as it decides whether there is another. */
export interface AttemptEnd {
  readonly cause: Cause
  readonly exitCode: number | null
}

/** The memory of an attempt in MiB, and the most that the next one may have. */
export interface MemoryRange {
  /** `null`: the runner's default. */
  readonly now: number | null
  readonly most: number
}

/** What the next attempt is. */
export interface Retry {
  /** How long it is put off. */
  readonly delayMs: number
  /** Its memory; `null`: as before. */
  readonly memoryMib: number | null
}

interface Rule {
  readonly name: RetriedCause
  readonly times: number
  readonly growsMemory: boolean
}

/**
 * Decides whether an execution is tried again after an attempt; `undefined`: this was the last one. More memory is given
 * only while there is more: the same again would end the same way.
 *
 * @param before - how the attempts before it ended
 */
export function decideRetry(
  retries: Retries,
  end: AttemptEnd,
  before: readonly AttemptEnd[],
  memory: MemoryRange,
): Retry | undefined {
  const rule = findRule(retries, end)
  if (rule === undefined) return undefined
  const done = before.filter((each) => findRule(retries, each)?.name === rule.name).length
  if (done >= rule.times) return undefined
  const delayMs = Math.round(backoffMs(BACKOFF, done))
  if (!rule.growsMemory) return { delayMs, memoryMib: null }
  const now = memory.now ?? LIMITS.memoryDefaultMib
  const memoryMib = Math.min(2 * now, memory.most)
  return memoryMib > now ? { delayMs, memoryMib } : undefined
}

function findRule(retries: Retries, { cause, exitCode }: AttemptEnd): Rule | undefined {
  if (toTerminalStatus(cause, exitCode) === 'completed') return undefined
  const name = nameRule(cause)
  const given = name === undefined ? undefined : retries[name]
  if (name === undefined || given === undefined) return undefined
  if (typeof given === 'number') return { name, times: given, growsMemory: false }
  const codes = 'codes' in given ? given.codes : undefined
  if (codes !== undefined && !codes.some((code) => code === exitCode)) return undefined
  return { name, times: given.times, growsMemory: 'memoryMib' in given && given.memoryMib === 'x2' }
}

const nameRule = (wanted: Cause): RetriedCause | undefined =>
  (Object.keys(RETRIED_CAUSES) as RetriedCause[]).find((name) =>
    RETRIED_CAUSES[name].some((cause) => cause === wanted),
  )

/** Says how an attempt ended and when the next one is due: `attempt 1 ended with exit code 75; tried again in 1.8 s`. */
export function describeRetry(
  attempt: number,
  { cause, exitCode, signal }: AttemptEnd & { readonly signal: string | null },
  { delayMs, memoryMib }: Retry,
): string {
  const next = `tried again in ${(delayMs / 1_000).toFixed(1)} s`
  const more = memoryMib === null ? '' : ` with ${memoryMib} MiB of memory`
  return `attempt ${attempt} ${describeEnd(cause, exitCode, signal)}; ${next}${more}`
}

function describeEnd(cause: Cause, exitCode: number | null, signal: string | null): string {
  switch (cause) {
    case 'exit':
      return `ended with exit code ${String(exitCode)}`
    case 'signal':
      return `was killed by ${signal ?? 'a signal'}`
    case 'timeout':
      return 'was stopped at its timeout'
    case 'out_of_memory':
      return 'ran out of memory'
    case 'runner_lost':
    case 'engine_restart':
    case 'container_removed':
      return `was lost (${cause})`
    default:
      return `could not be carried out (${cause})`
  }
}
