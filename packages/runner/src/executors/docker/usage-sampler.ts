import type { Container } from 'dockerode'
import { createCgroupReader, type ReadUsage, type SampledUsage } from './cgroup-reader.js'
import { followEngineStats } from './engine-stats.js'

/** Watches what a container uses. */
export interface UsageSampler {
  /** Asks the engine from now on where nothing was seen by looking: the container has been started. */
  askEngineIfBlind(): void
  /** Ends the watch. */
  stop(): SampledUsage
}

const MIN_INTERVAL_MS = 5
const MAX_INTERVAL_MS = 250
const INTERVALS_PER_RUN = 10
// The control group of a container appears before the engine says that it has started.
const BLIND_AFTER_MS = 250

/**
 * Samples a container from before its start until it is gone. What it uses after the last look is not seen: the
 * intervals grow with its age, so that this is a tenth of its life at most, and a quarter of a second.
 *
 * @param onGone - called once when a container that was seen is there no more
 */
export function sampleUsage(
  container: Container,
  onGone: () => void,
  read: ReadUsage = createCgroupReader(container.id),
): UsageSampler {
  const over = new AbortController()
  const createdAt = performance.now()
  const seen: { cpuSeconds: number | null; peakMemoryBytes: number | null } = {
    cpuSeconds: null,
    peakMemoryBytes: null,
  }
  let seenAt: number | undefined
  let timer: NodeJS.Timeout | undefined
  let blindTimer: NodeJS.Timeout | undefined

  const add = ({ cpuSeconds, peakMemoryBytes }: SampledUsage): void => {
    seen.cpuSeconds = maxOf(seen.cpuSeconds, cpuSeconds)
    seen.peakMemoryBytes = maxOf(seen.peakMemoryBytes, peakMemoryBytes)
  }
  const look = (): void => {
    const usage = over.signal.aborted ? undefined : read()
    if (usage === undefined) return seenAt === undefined ? undefined : end()
    seenAt ??= performance.now()
    add(usage)
  }
  const end = (): void => {
    if (over.signal.aborted) return
    over.abort()
    clearTimeout(timer)
    clearTimeout(blindTimer)
    if (seenAt !== undefined) onGone()
  }
  const schedule = (): void => {
    const ageMs = performance.now() - (seenAt ?? createdAt)
    const intervalMs = Math.min(Math.max(ageMs / INTERVALS_PER_RUN, MIN_INTERVAL_MS), MAX_INTERVAL_MS)
    timer = setTimeout(() => {
      look()
      if (!over.signal.aborted) schedule()
    }, intervalMs).unref()
  }
  schedule()

  return {
    askEngineIfBlind() {
      blindTimer = setTimeout(() => {
        if (seenAt === undefined) void followEngineStats(container, add, over.signal)
      }, BLIND_AFTER_MS).unref()
    },
    stop() {
      end()
      return seen
    },
  }
}

function maxOf(left: number | null, right: number | null): number | null {
  if (left === null || right === null) return left ?? right
  return Math.max(left, right)
}
