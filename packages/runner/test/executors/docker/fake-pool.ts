import { vi } from 'vitest'
import type { Shape } from '../../../src/executors/docker/shape.js'
import {
  createContainerPool,
  type ContainerPool,
  type PoolOptions,
} from '../../../src/executors/docker/waiting/container-pool.js'

/** How long after a use another is started ahead. */
export const REFILL_DELAY_MS = 30
/** How long what nobody asks for is kept. */
export const IDLE_MS = 1_000

/** The signal of somebody who waits as long as it takes. */
export const patient = (): AbortSignal => new AbortController().signal

/** A container that is none. */
export interface Item {
  readonly name: string
  readonly shape: Shape
  isAlive(): boolean
  readonly gone: Promise<void>
  destroy(): Promise<void>
  die(): void
}

/** One that is being started: the test says when it is up. */
export interface Start {
  readonly shape: Shape
  succeed(): Item
  fail(error: unknown): void
}

/** A promise that somebody else settles. */
function defer<T>() {
  let settle: { resolve: (value: T) => void; reject: (error: unknown) => void } | undefined
  const promise = new Promise<T>((resolve, reject) => (settle = { resolve, reject }))
  return {
    promise,
    resolve: (value: T): void => settle?.resolve(value),
    reject: (error: unknown): void => settle?.reject(error),
  }
}

function createItem(shape: Shape, name: string, destroyed: string[]): Item {
  let isAlive = true
  const { promise: gone, resolve } = defer<void>()
  const die = (): void => {
    isAlive = false
    resolve(undefined)
  }
  return {
    name,
    shape,
    gone,
    die,
    isAlive: () => isAlive,
    async destroy() {
      destroyed.push(name)
      die()
    },
  }
}

/** Makes a pool whose starts the test ends by hand. */
export function createTestPool(options: Partial<PoolOptions<Item>> = {}) {
  const starts: Start[] = []
  const destroyed: string[] = []
  const warnings: string[] = []
  let made = 0
  const pool = createContainerPool<Item>({
    make(shape) {
      const { promise, resolve, reject } = defer<Item>()
      let item: Item | undefined
      starts.push({
        shape,
        succeed() {
          item ??= createItem(shape, `${shape.image.name} ${++made}`, destroyed)
          resolve(item)
          return item
        },
        fail: reject,
      })
      return promise
    },
    perShape: 2,
    max: 4,
    idleMs: IDLE_MS,
    refillDelayMs: REFILL_DELAY_MS,
    paceMs: REFILL_DELAY_MS,
    logger: { info: () => undefined, warn: (message) => void warnings.push(message) },
    ...options,
  })
  return { pool, starts, destroyed, warnings }
}

/** Lets all that has been resolved be noticed. */
export const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0)
/** Lets time pass. */
export const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms)

/** Ends every start that is under way, and those that follow, until there are no more. */
export async function fill(starts: Start[]): Promise<void> {
  for (let next = 0; next < starts.length; next++) {
    starts[next]?.succeed()
    await pass(REFILL_DELAY_MS)
  }
}

/** Has a shape filled up: it was asked for twice. */
export async function useTwice(pool: ContainerPool<Item>, starts: Start[], shape: Shape): Promise<void> {
  for (const taken of [pool.take(shape, patient()), pool.take(shape, patient())]) {
    starts.at(-1)?.succeed()
    starts.at(-2)?.succeed()
    await taken
  }
  const before = starts.length
  await pass(REFILL_DELAY_MS)
  for (let next = before; next < starts.length; next++) {
    starts[next]?.succeed()
    await pass(REFILL_DELAY_MS)
  }
}
