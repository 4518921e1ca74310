import type { PoolStats } from '@rgrid/protocol'
import type { Logger } from '../../../logger.js'
import type { Shape } from '../shape.js'
import {
  chooseToEvict,
  chooseToFill,
  countByState,
  countItems,
  createPoolEntry,
  enqueue,
  getTarget,
  isOutdated,
  isReplaced,
  takeAlive,
  type PoolEntry,
} from './pool-entry.js'

/** What a pool holds. */
export interface Poolable {
  readonly shape: Shape
  isAlive(): boolean
  /** Resolves when it is not alive any more. */
  readonly gone: Promise<void>
  destroy(): Promise<void>
}

/** How a pool is made. */
export interface PoolOptions<T extends Poolable> {
  readonly make: (shape: Shape) => Promise<T>
  /** How many of one shape wait at most, once it is in use. */
  readonly perShape: number
  /** How many wait at most in all. */
  readonly max: number
  /** How long those of a shape that nobody asks for are kept. */
  readonly idleMs: number
  /**
   * How long after a script was given its container another is started in its place, unless the script is over before:
   * the start of a container takes from a short script what it has just gained.
   */
  readonly refillDelayMs: number
  /** How long after the start of one container the next begins, so that work gets its turn in between. */
  readonly paceMs: number
  readonly logger: Logger
}

/** A container, and whether it was waiting when it was asked for. */
export interface Taken<T> {
  readonly item: T
  readonly wasWaiting: boolean
}

/** Keeps containers ready, so that a script need not wait for the start of one. Each is given out once. */
export interface ContainerPool<T extends Poolable> {
  /** Gives a waiting container, or the first that is ready. */
  take(shape: Shape, signal: AbortSignal): Promise<Taken<T>>
  /** Takes a shared container back. */
  giveBack(item: T): void
  /** A script is over: containers that were put off for it are started. */
  noteEnd(): void
  /** Keeps one of a shape waiting from now on, used or not. */
  prewarm(shape: Shape): void
  getStats(): PoolStats
  /** Starts no more, and removes all that wait. */
  drain(): Promise<void>
}

const REST_MS = 10_000
const STOPS = 'the runner stops'

/**
 * Makes a {@link ContainerPool}. Containers are started ahead one at a time and only while no script waits for one, as
 * an engine starts them one after the other anyway; a script that waits gets whichever is ready first.
 */
export function createContainerPool<T extends Poolable>(options: PoolOptions<T>): ContainerPool<T> {
  const { perShape, max, idleMs } = options
  const entries = new Map<string, PoolEntry<T>>()
  const counts = { hits: 0, misses: 0, waitedMs: 0 }
  const maker = createMaker(options, (entry, item) => put(entry, item), scheduleRefill)
  let isClosed = false
  let heldUntil = 0
  let refillTimer: NodeJS.Timeout | undefined

  function put(entry: PoolEntry<T>, item: T): void {
    const request = entry.requests.shift()
    if (request !== undefined) return request.resolve(item)
    const isWanted = entry.shape.isShared || entry.ready.length < getTarget(entry, perShape)
    if (isClosed || !isWanted || !item.isAlive()) return maker.destroy(item)
    entry.ready.push(item)
    void item.gone.then(() => {
      const index = entry.ready.indexOf(item)
      if (index >= 0) maker.destroy(...entry.ready.splice(index, 1))
      scheduleRefill()
    })
  }
  function scheduleRefill(heldMs?: number): void {
    if (heldMs !== undefined) heldUntil = performance.now() + heldMs
    clearTimeout(refillTimer)
    const delayMs = Math.max(options.paceMs, heldUntil - performance.now())
    if (!isClosed) refillTimer = setTimeout(refill, delayMs).unref()
  }
  function refill(): void {
    const wanted = chooseToFill(entries.values(), perShape)
    if (wanted === undefined) return
    if (countItems(entries.values()) >= max) {
      const spare = chooseToEvict(entries.values(), wanted)
      if (spare === undefined) return
      maker.destroy(...spare.ready.splice(-1))
    }
    maker.start(wanted)
  }

  const getEntry = (shape: Shape): PoolEntry<T> => {
    const found = entries.get(shape.key)
    if (found !== undefined) return found
    for (const old of entries.values()) if (isOutdated(old.shape, shape)) retire(old)
    const entry = createPoolEntry<T>(shape)
    entries.set(shape.key, entry)
    return entry
  }
  const retire = (entry: PoolEntry<T>): void => {
    Object.assign(entry, { isPinned: false, uses: 0 })
    maker.destroy(...entry.ready.splice(0))
  }
  const evictIdle = (): void => {
    const before = performance.now() - idleMs
    for (const [key, entry] of entries) {
      if (entry.lastUsedAt > before) continue
      entry.uses = 0
      maker.destroy(...entry.ready.splice(getTarget(entry, perShape)))
      if (!entry.isPinned && entry.starting === 0 && entry.requests.length === 0) entries.delete(key)
    }
    // What rested after a failure is tried again, also when nobody asks.
    scheduleRefill()
  }
  const idleTimer = setInterval(evictIdle, Math.max(idleMs / 4, 10)).unref()

  const waitForOne = async (entry: PoolEntry<T>, signal: AbortSignal): Promise<T> => {
    const askedAt = performance.now()
    const waiting = enqueue(entry, signal)
    while (entry.starting < entry.requests.length) maker.start(entry)
    return waiting.finally(() => (counts.waitedMs += performance.now() - askedAt))
  }

  return {
    async take(shape, signal) {
      if (isClosed) throw new Error(STOPS)
      const entry = getEntry(shape)
      Object.assign(entry, { uses: entry.uses + 1, lastUsedAt: performance.now() })
      const ready = takeAlive(entry, (item) => maker.destroy(item))
      if (ready === undefined) counts.misses++
      else counts.hits++
      const item = ready ?? (await waitForOne(entry, signal))
      scheduleRefill(options.refillDelayMs)
      return { item, wasWaiting: ready !== undefined }
    },
    giveBack(item) {
      if (isReplaced(item.shape, entries)) maker.destroy(item)
      else put(getEntry(item.shape), item)
    },
    noteEnd: () => scheduleRefill(0),
    prewarm(shape) {
      getEntry(shape).isPinned = true
      scheduleRefill()
    },
    getStats: () => ({ ...countByState(entries.values()), ...counts }),
    async drain() {
      isClosed = true
      clearTimeout(refillTimer)
      clearInterval(idleTimer)
      for (const entry of entries.values()) {
        retire(entry)
        for (const { reject } of entry.requests.splice(0)) reject(new Error(STOPS))
      }
      await maker.settle()
    },
  }
}

/** Starts and removes containers in the background, and knows when it is through. */
function createMaker<T extends Poolable>(
  { make, logger }: PoolOptions<T>,
  onMade: (entry: PoolEntry<T>, item: T) => void,
  onSettled: () => void,
) {
  const underWay = new Set<Promise<void>>()
  const track = (work: Promise<void>): void => {
    const tracked = work.finally(() => underWay.delete(tracked))
    underWay.add(tracked)
  }
  const makeOne = async (entry: PoolEntry<T>): Promise<void> => {
    entry.starting++
    try {
      const item = await make(entry.shape)
      entry.starting--
      onMade(entry, item)
    } catch (error) {
      entry.starting--
      entry.restUntil = performance.now() + REST_MS
      const request = entry.requests.shift()
      if (request !== undefined) request.reject(error)
      else logger.warn(`no container was started ahead: ${String(error)}`)
    }
  }
  return {
    start: (entry: PoolEntry<T>): void => track(makeOne(entry).then(onSettled)),
    destroy(...items: T[]): void {
      for (const item of items)
        track(item.destroy().catch((error: unknown) => logger.warn(`a container stays: ${String(error)}`)))
    },
    async settle(): Promise<void> {
      while (underWay.size > 0) await Promise.all(underWay)
    },
  }
}
