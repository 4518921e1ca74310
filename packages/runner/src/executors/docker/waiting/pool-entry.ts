import type { Shape } from '../shape.js'

/** Somebody who waits for a container. */
export interface PoolRequest<T> {
  readonly resolve: (item: T) => void
  readonly reject: (error: unknown) => void
}

/** What a pool knows of one shape. */
export interface PoolEntry<T> {
  readonly shape: Shape
  readonly ready: T[]
  readonly requests: PoolRequest<T>[]
  starting: number
  uses: number
  /** Whether one is kept waiting, used or not. */
  isPinned: boolean
  lastUsedAt: number
  /** After a failed start none is started ahead until then. */
  restUntil: number
}

// One use may be the only one, as in a program that runs a single script.
const USES_BEFORE_FILLING = 2

/** Makes an empty entry. */
export const createPoolEntry = <T>(shape: Shape): PoolEntry<T> => ({
  shape,
  ready: [],
  requests: [],
  starting: 0,
  uses: 0,
  isPinned: false,
  lastUsedAt: performance.now(),
  restUntil: 0,
})

/** How many of a shape are to wait. Shared ones come back by themselves. */
export function getTarget<T>({ shape, uses, isPinned }: PoolEntry<T>, perShape: number): number {
  if (shape.isShared) return 0
  return uses >= USES_BEFORE_FILLING ? perShape : Number(isPinned)
}

/** How many wait or are about to. */
export const countItems = <T>(entries: Iterable<PoolEntry<T>>): number =>
  [...entries].reduce((sum, { ready, starting }) => sum + ready.length + starting, 0)

/** How many wait, and how many are about to. */
export function countByState<T>(entries: Iterable<PoolEntry<T>>): { waiting: number; starting: number } {
  const all = [...entries]
  const starting = all.reduce((sum, entry) => sum + entry.starting, 0)
  return { waiting: countItems(all) - starting, starting }
}

/** The shape that wants another one started ahead most; `undefined` when none does, or a script waits for its own. */
export function chooseToFill<T>(entries: Iterable<PoolEntry<T>>, perShape: number): PoolEntry<T> | undefined {
  const all = [...entries]
  if (all.some(({ requests, starting }) => requests.length > 0 || starting > 0)) return undefined
  const now = performance.now()
  return all
    .filter((entry) => entry.ready.length < getTarget(entry, perShape) && entry.restUntil <= now)
    .sort((left, right) => right.lastUsedAt - left.lastUsedAt)[0]
}

/** The shape that can spare one for another that was used since. */
export function chooseToEvict<T>(
  entries: Iterable<PoolEntry<T>>,
  wanted: PoolEntry<T>,
): PoolEntry<T> | undefined {
  return [...entries]
    .filter((entry) => entry !== wanted && entry.ready.length > 0 && entry.lastUsedAt < wanted.lastUsedAt)
    .sort((left, right) => left.lastUsedAt - right.lastUsedAt)[0]
}

/** Takes the one that has waited longest; those that have died meanwhile are dropped. */
export function takeAlive<T extends { isAlive(): boolean }>(
  { ready }: PoolEntry<T>,
  drop: (item: T) => void,
): T | undefined {
  for (;;) {
    const item = ready.shift()
    if (item === undefined || item.isAlive()) return item
    drop(item)
  }
}

/** Whether the name of an image now means another one. */
export const isOutdated = (old: Shape, now: Shape): boolean =>
  old.image.name === now.image.name && old.image.id !== now.image.id

/** Whether another image of the same name has been asked for since one of this shape was. */
export function isReplaced<T>(shape: Shape, entries: ReadonlyMap<string, PoolEntry<T>>): boolean {
  const lastUsedAt = entries.get(shape.key)?.lastUsedAt ?? 0
  return [...entries.values()].some(
    (entry) => isOutdated(entry.shape, shape) && entry.lastUsedAt > lastUsedAt,
  )
}

/** Waits for the next container of an entry, in turn. */
export function enqueue<T>({ requests }: PoolEntry<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const request = { resolve, reject }
    requests.push(request)
    signal.addEventListener(
      'abort',
      () => {
        const index = requests.indexOf(request)
        if (index < 0) return
        requests.splice(index, 1)
        reject(signal.reason as Error)
      },
      { once: true },
    )
  })
}
