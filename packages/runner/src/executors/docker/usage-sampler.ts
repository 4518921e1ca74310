import type { Container } from 'dockerode'
import { createCgroupReader, type Look, type SampledUsage, type Sight } from './cgroup-reader.js'
import { followEngineStats } from './engine-stats.js'
import { waitUntilGone } from './wait-until-gone.js'

/** Watches what a container uses. */
export interface UsageSampler {
  /** The container has been started: asks the engine about it where nothing is seen by looking. */
  askEngineIfBlind(): void
  /** Looks now. */
  look(): Sight | undefined
  /** Ends the watch. */
  stop(): SampledUsage
}

const MIN_INTERVAL_MS = 5
const MAX_INTERVAL_MS = 250
const INTERVALS_PER_RUN = 10
// Until the engine says that it has started, a container may appear and be gone again at any time.
const UNSEEN_INTERVAL_MS = 10

/**
 * Samples a container from before its start until it is gone. What it uses after the last look is not seen: the
 * intervals grow with its age, so that this is a tenth of its life at most, and a quarter of a second.
 *
 * @param onGone - called when the container is there no more
 */
export function sampleUsage(
  container: Container,
  onGone: () => void,
  lookOnce: Look = createCgroupReader(container.id),
  minIntervalMs = MIN_INTERVAL_MS,
): UsageSampler {
  const over = new AbortController()
  const seen: { cpuSeconds: number | null; peakMemoryBytes: number | null } = {
    cpuSeconds: null,
    peakMemoryBytes: null,
  }
  let seenAt: number | undefined
  let timer: NodeJS.Timeout | undefined
  let hasStarted = false

  const add = ({ cpuSeconds, peakMemoryBytes }: SampledUsage): void => {
    seen.cpuSeconds = maxOf(seen.cpuSeconds, cpuSeconds)
    seen.peakMemoryBytes = maxOf(seen.peakMemoryBytes, peakMemoryBytes)
  }
  const look = (): Sight | undefined => {
    if (over.signal.aborted) return undefined
    const sight = lookOnce()
    if (hasProcesses(sight)) seenAt ??= performance.now()
    if (seenAt === undefined) return sight
    if (sight !== undefined) add(sight)
    if (!hasProcesses(sight)) end()
    return sight
  }
  const end = (): void => {
    if (over.signal.aborted) return
    over.abort()
    clearTimeout(timer)
    if (seenAt !== undefined) onGone()
  }
  const getIntervalMs = (): number => {
    if (seenAt === undefined) return hasStarted ? MAX_INTERVAL_MS : UNSEEN_INTERVAL_MS
    const ageMs = performance.now() - seenAt
    return Math.min(Math.max(ageMs / INTERVALS_PER_RUN, minIntervalMs), MAX_INTERVAL_MS)
  }
  const schedule = (): void => {
    timer = setTimeout(() => {
      look()
      if (!over.signal.aborted) schedule()
    }, getIntervalMs()).unref()
  }
  schedule()

  return {
    look,
    askEngineIfBlind() {
      hasStarted = true
      look()
      if (seenAt !== undefined) return
      void followEngineStats(container, add, over.signal)
      void waitUntilGone(container, over.signal).then((isGone) => isGone && onGone())
    },
    stop() {
      end()
      return seen
    },
  }
}

const hasProcesses = (sight: Sight | undefined): boolean => (sight?.processes ?? 0) > 0

function maxOf(left: number | null, right: number | null): number | null {
  if (left === null || right === null) return left ?? right
  return Math.max(left, right)
}
