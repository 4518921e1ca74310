import type { PoolStats } from '@rgrid/protocol'
import type { Logger } from '../../../logger.js'
import type { Shape } from '../shape.js'

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
  /** How long after a script was given its container another is started in its place, so that the script goes first. */
  readonly refillDelayMs: number
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
  /** Keeps one of a shape waiting from now on, used or not. */
  prewarm(shape: Shape): void
  getStats(): PoolStats
  /** Starts no more, and removes all that wait. */
  drain(): Promise<void>
}

interface Request<T> {
  readonly resolve: (item: T) => void
  readonly reject: (error: unknown) => void
}

interface Entry<T> {
  readonly shape: Shape
  readonly ready: T[]
  readonly requests: Request<T>[]
  starting: number
  uses: number
  isPinned: boolean
  lastUsedAt: number
  /** After a failed start none is started ahead until then. */
  restUntil: number
}

const REST_MS = 10_000
// One use may be the only one, as in a program that runs a single script.
const USES_BEFORE_FILLING = 2

/** Makes a {@link ContainerPool}. */
export function createContainerPool<T extends Poolable>(options: PoolOptions<T>): ContainerPool<T> {
  const { make, perShape, max, idleMs, refillDelayMs, logger } = options
  const entries = new Map<string, Entry<T>>()
  const underWay = new Set<Promise<void>>()
  const counts = { hits: 0, misses: 0, waitedMs: 0 }
  let isClosed = false
  let refillTimer: NodeJS.Timeout | undefined

  const track = (work: Promise<void>): void => {
    const tracked = work.finally(() => underWay.delete(tracked))
    underWay.add(tracked)
  }
  const destroy = (item: T): void =>
    track(item.destroy().catch((error: unknown) => logger.warn(`a container stays: ${String(error)}`)))

  const getEntry = (shape: Shape): Entry<T> => {
    const found = entries.get(shape.key)
    if (found !== undefined) return found
    for (const old of entries.values()) if (isOutdated(old.shape, shape)) retire(old)
    const entry: Entry<T> = {
      shape,
      ready: [],
      requests: [],
      starting: 0,
      uses: 0,
      isPinned: false,
      lastUsedAt: performance.now(),
      restUntil: 0,
    }
    entries.set(shape.key, entry)
    return entry
  }
  const retire = (entry: Entry<T>): void => {
    entry.isPinned = false
    entry.uses = 0
    for (const item of entry.ready.splice(0)) destroy(item)
  }

  const put = (entry: Entry<T>, item: T): void => {
    const request = entry.requests.shift()
    if (request !== undefined) return request.resolve(item)
    const isWanted = entry.shape.isShared || entry.ready.length < target(entry)
    if (isClosed || !isWanted || !item.isAlive()) return destroy(item)
    entry.ready.push(item)
    void item.gone.then(() => {
      const index = entry.ready.indexOf(item)
      if (index < 0) return
      entry.ready.splice(index, 1)
      destroy(item)
      scheduleRefill()
    })
  }

  const start = (entry: Entry<T>): void => {
    entry.starting++
    const started = make(entry.shape).then(
      (item) => {
        entry.starting--
        put(entry, item)
      },
      (error: unknown) => {
        entry.starting--
        entry.restUntil = performance.now() + REST_MS
        const request = entry.requests.shift()
        if (request !== undefined) request.reject(error)
        else logger.warn(`no container was started ahead: ${String(error)}`)
      },
    )
    track(started.then(scheduleRefill))
  }

  const target = ({ shape, uses, isPinned }: Entry<T>): number => {
    if (shape.isShared) return 0
    return uses >= USES_BEFORE_FILLING ? perShape : Number(isPinned)
  }
  const count = (): number =>
    [...entries.values()].reduce((sum, { ready, starting }) => sum + ready.length + starting, 0)

  /** Starts one container ahead, if any is wanted and no script waits for one. */
  const refill = (): void => {
    const all = [...entries.values()]
    if (isClosed || all.some(({ requests, starting }) => requests.length > 0 || starting > 0)) return
    const now = performance.now()
    const wanted = all
      .filter((entry) => entry.ready.length < target(entry) && entry.restUntil <= now)
      .sort((left, right) => right.lastUsedAt - left.lastUsedAt)[0]
    if (wanted === undefined) return
    if (count() >= max && !makeRoom(wanted)) return
    start(wanted)
  }
  const makeRoom = (wanted: Entry<T>): boolean => {
    const oldest = [...entries.values()]
      .filter((entry) => entry !== wanted && entry.ready.length > 0 && entry.lastUsedAt < wanted.lastUsedAt)
      .sort((left, right) => left.lastUsedAt - right.lastUsedAt)[0]
    const item = oldest?.ready.pop()
    if (item !== undefined) destroy(item)
    return item !== undefined
  }
  const scheduleRefill = (): void => {
    if (isClosed) return
    clearTimeout(refillTimer)
    refillTimer = setTimeout(refill, refillDelayMs).unref()
  }

  const evictIdle = (): void => {
    const before = performance.now() - idleMs
    for (const [key, entry] of entries) {
      if (entry.lastUsedAt > before) continue
      entry.uses = 0
      for (const item of entry.ready.splice(target(entry))) destroy(item)
      if (!entry.isPinned && entry.starting === 0 && entry.requests.length === 0) entries.delete(key)
    }
  }
  const idleTimer = setInterval(evictIdle, Math.max(idleMs / 4, 10)).unref()

  const takeReady = (entry: Entry<T>): T | undefined => {
    for (;;) {
      const item = entry.ready.shift()
      if (item === undefined || item.isAlive()) return item
      destroy(item)
    }
  }
  const waitForOne = async (entry: Entry<T>, signal: AbortSignal): Promise<T> => {
    const askedAt = performance.now()
    try {
      return await new Promise<T>((resolve, reject) => {
        const request = { resolve, reject }
        entry.requests.push(request)
        signal.addEventListener('abort', () => {
          const index = entry.requests.indexOf(request)
          if (index < 0) return
          entry.requests.splice(index, 1)
          reject(signal.reason as Error)
        })
        while (entry.starting < entry.requests.length) start(entry)
      })
    } finally {
      counts.waitedMs += performance.now() - askedAt
    }
  }

  return {
    async take(shape, signal) {
      const entry = getEntry(shape)
      entry.uses++
      entry.lastUsedAt = performance.now()
      const ready = takeReady(entry)
      if (ready === undefined) counts.misses++
      else counts.hits++
      const item = ready ?? (await waitForOne(entry, signal))
      scheduleRefill()
      return { item, wasWaiting: ready !== undefined }
    },
    giveBack: (item) => put(getEntry(item.shape), item),
    prewarm(shape) {
      getEntry(shape).isPinned = true
      scheduleRefill()
    },
    getStats() {
      const all = [...entries.values()]
      return {
        waiting: all.reduce((sum, { ready }) => sum + ready.length, 0),
        starting: all.reduce((sum, { starting }) => sum + starting, 0),
        ...counts,
      }
    },
    async drain() {
      isClosed = true
      clearTimeout(refillTimer)
      clearInterval(idleTimer)
      for (const { ready, requests } of entries.values()) {
        for (const item of ready.splice(0)) destroy(item)
        for (const { reject } of requests.splice(0)) reject(new Error('the runner stops'))
      }
      while (underWay.size > 0) await Promise.all(underWay)
    },
  }
}

/** Whether the name of an image now means another one. */
const isOutdated = (old: Shape, now: Shape): boolean =>
  old.image.name === now.image.name && old.image.id !== now.image.id
