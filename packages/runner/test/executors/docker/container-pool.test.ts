import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Shape } from '../../../src/executors/docker/shape.js'
import {
  createContainerPool,
  type ContainerPool,
  type PoolOptions,
} from '../../../src/executors/docker/waiting/container-pool.js'
import { createTestShape } from './test-shape.js'

const REFILL_DELAY_MS = 30
const IDLE_MS = 1_000

/** The signal of somebody who waits as long as it takes. */
const patient = (): AbortSignal => new AbortController().signal

/** A container that is none. */
interface Item {
  readonly name: string
  readonly shape: Shape
  isAlive(): boolean
  readonly gone: Promise<void>
  destroy(): Promise<void>
  die(): void
}

/** One that is being started: the test says when it is up. */
interface Start {
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
function createTestPool(options: Partial<PoolOptions<Item>> = {}) {
  const starts: Start[] = []
  const destroyed: string[] = []
  const warnings: string[] = []
  let made = 0
  const pool = createContainerPool<Item>({
    make(shape) {
      const { promise, resolve, reject } = defer<Item>()
      starts.push({
        shape,
        succeed() {
          const item = createItem(shape, `${shape.image.name} ${++made}`, destroyed)
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
    logger: { info: () => undefined, warn: (message) => void warnings.push(message) },
    ...options,
  })
  return { pool, starts, destroyed, warnings }
}

/** Lets all that has been resolved be noticed. */
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0)
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms)

/** Ends every start that is under way, and those that follow, until there are no more. */
async function fill(starts: Start[]): Promise<void> {
  for (let next = 0; next < starts.length; next++) {
    starts[next]?.succeed()
    await pass(REFILL_DELAY_MS)
  }
}

/** Has a shape filled up: it was asked for twice. */
async function useTwice(pool: ContainerPool<Item>, starts: Start[], shape: Shape): Promise<void> {
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

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('gives each out once, a waiting one at once', async () => {
  const { pool, starts } = createTestPool()
  const shape = createTestShape('a')
  await useTwice(pool, starts, shape)

  const first = await pool.take(shape, patient())
  const second = await pool.take(shape, patient())

  expect([first.wasWaiting, second.wasWaiting]).toEqual([true, true])
  expect(first.item).not.toBe(second.item)
})

it('serves those who wait in turn', async () => {
  const { pool, starts } = createTestPool()
  const shape = createTestShape('a')
  const served: string[] = []
  for (const who of ['first', 'second', 'third'])
    void pool.take(shape, patient()).then(({ item }) => served.push(`${who}: ${item.name}`))

  for (const start of [...starts].reverse()) {
    start.succeed()
    await settle()
  }

  expect(served).toEqual(['first: a 1', 'second: a 2', 'third: a 3'])
})

it('starts one for who finds none, and gives him what is ready first', async () => {
  const { pool, starts } = createTestPool()
  const shape = createTestShape('a')
  const first = pool.take(shape, patient())
  const second = pool.take(shape, patient())
  expect(starts.length).toBe(2)

  starts[1]?.succeed()
  const { item, wasWaiting } = await first

  expect([item.name, wasWaiting]).toEqual(['a 1', false])
  starts[0]?.succeed()
  expect((await second).item.name).toBe('a 2')
})

it('gives one that was started ahead to who has come meanwhile', async () => {
  const { pool, starts } = createTestPool()
  const shape = createTestShape('a')
  pool.prewarm(shape)
  await pass(REFILL_DELAY_MS)

  const taken = pool.take(shape, patient())
  await settle()
  expect(starts.length).toBe(1)
  starts[0]?.succeed()

  expect((await taken).item.name).toBe('a 1')
})

it('starts none ahead for a shape that was used once', async () => {
  const { pool, starts } = createTestPool()
  const taken = pool.take(createTestShape('a'), patient())
  starts[0]?.succeed()
  await taken

  await pass(10 * REFILL_DELAY_MS)

  expect(starts.length).toBe(1)
})

it('keeps one of a prewarmed shape, and as many as there are slots once it is in use', async () => {
  const { pool, starts } = createTestPool()
  const shape = createTestShape('a')
  pool.prewarm(shape)
  await pass(REFILL_DELAY_MS)
  await fill(starts)
  expect(pool.getStats()).toMatchObject({ waiting: 1, starting: 0 })

  await pool.take(shape, patient())
  await pass(REFILL_DELAY_MS)
  await fill(starts.slice(1))
  expect(pool.getStats()).toMatchObject({ waiting: 1 })
  await pool.take(shape, patient())
  const before = starts.length
  await pass(REFILL_DELAY_MS)
  await fill(starts.slice(before))
  await fill(starts.slice(before + 1))

  expect(pool.getStats()).toMatchObject({ waiting: 2 })
})

it('starts ahead one at a time, each a while after the one before', async () => {
  const { pool, starts } = createTestPool()
  const shape = createTestShape('a')
  const taken = [pool.take(shape, patient()), pool.take(shape, patient())]
  for (const start of starts) start.succeed()
  await Promise.all(taken)
  const counts: number[] = []
  const count = (): void => void counts.push(starts.length)

  await pass(REFILL_DELAY_MS - 1)
  count()
  await pass(1)
  count()
  await pass(10 * REFILL_DELAY_MS)
  count()
  starts[2]?.succeed()
  await pass(REFILL_DELAY_MS - 1)
  count()
  await pass(1)
  count()

  expect(counts).toEqual([2, 3, 3, 3, 4])
})

it('starts none ahead while somebody waits', async () => {
  const { pool, starts } = createTestPool()
  const [used, other] = [createTestShape('a'), createTestShape('b')]
  await useTwice(pool, starts, used)
  await pool.take(used, patient())
  const before = starts.length

  const waiting = pool.take(other, patient())
  await pass(10 * REFILL_DELAY_MS)
  expect(starts.slice(before).map(({ shape }) => shape.image.name)).toEqual(['b'])
  starts.at(-1)?.succeed()
  await waiting
  await pass(REFILL_DELAY_MS)

  expect(starts.slice(before).map(({ shape }) => shape.image.name)).toEqual(['b', 'a'])
})

it('keeps no more than it may in all: what was not used for the longest goes', async () => {
  const { pool, starts, destroyed } = createTestPool({ max: 4 })
  for (const name of ['a', 'b', 'c']) {
    await useTwice(pool, starts, createTestShape(name))
    await pass(1)
  }

  expect(pool.getStats()).toMatchObject({ waiting: 4, starting: 0 })
  expect(destroyed.map((name) => name[0])).toEqual(['a', 'a'])
  expect((await pool.take(createTestShape('b'), patient())).wasWaiting).toBe(true)
})

it('evicts nothing that was used later than what it makes room for', async () => {
  const { pool, starts, destroyed } = createTestPool({ max: 2 })
  pool.prewarm(createTestShape('early'))
  await pass(1)
  await useTwice(pool, starts, createTestShape('late'))

  await pass(10 * REFILL_DELAY_MS)

  expect(destroyed).toEqual([])
  expect(pool.getStats()).toMatchObject({ waiting: 2 })
})

it('gives up those of a shape that nobody asks for any more', async () => {
  const { pool, starts, destroyed } = createTestPool()
  await useTwice(pool, starts, createTestShape('a'))

  await pass(IDLE_MS / 2)
  expect(destroyed).toEqual([])
  await pass(IDLE_MS)

  expect(destroyed.length).toBe(2)
  expect(pool.getStats()).toMatchObject({ waiting: 0, starting: 0 })
})

it('keeps one of a prewarmed shape that nobody asks for', async () => {
  const { pool, starts, destroyed } = createTestPool()
  const shape = createTestShape('a')
  pool.prewarm(shape)
  await useTwice(pool, starts, shape)

  await pass(5 * IDLE_MS)

  expect(destroyed.length).toBe(1)
  expect(pool.getStats()).toMatchObject({ waiting: 1 })
})

it('gives up those of an image whose name means another one now', async () => {
  const { pool, starts, destroyed } = createTestPool()
  await useTwice(pool, starts, createTestShape('a', { imageId: 'old' }))
  await useTwice(pool, starts, createTestShape('other'))

  void pool.take(createTestShape('a', { imageId: 'new' }), patient())

  expect(destroyed.map((name) => name[0])).toEqual(['a', 'a'])
})

it('gives up one that was being started when the name came to mean another image', async () => {
  const { pool, starts, destroyed } = createTestPool()
  pool.prewarm(createTestShape('a', { imageId: 'old' }))
  await pass(REFILL_DELAY_MS)

  void pool.take(createTestShape('a', { imageId: 'new' }), patient())
  starts[0]?.succeed()
  await settle()

  expect(destroyed).toEqual(['a 1'])
})

it('drops one that dies while it waits, and starts another', async () => {
  const { pool, starts, destroyed } = createTestPool()
  pool.prewarm(createTestShape('a'))
  await pass(REFILL_DELAY_MS)
  const item = starts[0]?.succeed()
  await settle()

  item?.die()
  await settle()
  expect(destroyed).toEqual(['a 1'])
  await pass(REFILL_DELAY_MS)

  expect(starts.length).toBe(2)
})

it('never gives out one that has died a moment ago', async () => {
  const { pool, starts, destroyed } = createTestPool()
  const shape = createTestShape('a')
  await useTwice(pool, starts, shape)
  const { item: known } = await pool.take(shape, patient())
  const dead = {
    ...known,
    name: 'dead',
    isAlive: () => false,
    destroy: async () => void destroyed.push('dead'),
  }
  pool.giveBack(dead)

  const { item } = await pool.take(shape, patient())

  expect(item.isAlive()).toBe(true)
  expect(destroyed).toEqual(['dead'])
})

it('tells who waits why no container comes, and starts none ahead for a while', async () => {
  const { pool, starts } = createTestPool({ idleMs: 20_000 })
  const shape = createTestShape('a')
  const taken = [pool.take(shape, patient()), pool.take(shape, patient())]
  starts[0]?.fail(new Error('no room'))
  starts[1]?.succeed()

  await expect(taken[0]).rejects.toThrow('no room')
  await taken[1]
  await pass(9_000)
  expect(starts.length).toBe(2)

  const again = pool.take(shape, patient())
  expect(starts.length).toBe(3)
  starts[2]?.succeed()
  await again
  await pass(500)
  expect(starts.length).toBe(3)
  await pass(6_000)
  expect(starts.length).toBe(4)
})

it('only warns when one that nobody waits for does not start', async () => {
  const { pool, starts, warnings } = createTestPool()
  pool.prewarm(createTestShape('a'))
  await pass(REFILL_DELAY_MS)
  starts[0]?.fail(new Error('no room'))
  await settle()

  expect(warnings).toEqual(['no container was started ahead: Error: no room'])
})

it('lets somebody stop waiting', async () => {
  const { pool, starts } = createTestPool()
  const shape = createTestShape('a')
  const impatient = new AbortController()
  const first = pool.take(shape, impatient.signal)
  const second = pool.take(shape, patient())

  impatient.abort(new Error('no longer wanted'))
  await expect(first).rejects.toThrow('no longer wanted')
  starts[0]?.succeed()

  expect((await second).item.name).toBe('a 1')
  await expect(pool.take(shape, impatient.signal)).rejects.toThrow('no longer wanted')
})

it('removes what was started for somebody who has gone', async () => {
  const { pool, starts, destroyed } = createTestPool()
  const impatient = new AbortController()
  const taken = pool.take(createTestShape('a'), impatient.signal)
  impatient.abort(new Error('no longer wanted'))
  await expect(taken).rejects.toThrow()

  starts[0]?.succeed()
  await settle()

  expect(destroyed).toEqual(['a 1'])
})

it('counts', async () => {
  const { pool, starts } = createTestPool()
  const shape = createTestShape('a')
  const taken = [pool.take(shape, patient()), pool.take(shape, patient())]
  await pass(40)
  expect(pool.getStats()).toMatchObject({ waiting: 0, starting: 2, hits: 0, misses: 2 })
  for (const start of starts) start.succeed()
  await Promise.all(taken)
  await pass(REFILL_DELAY_MS)
  starts[2]?.succeed()
  await settle()
  expect(pool.getStats()).toMatchObject({ waiting: 1, starting: 0 })

  await pool.take(shape, patient())

  expect(pool.getStats()).toEqual({ waiting: 0, starting: 0, hits: 1, misses: 2, waitedMs: 80 })
})

it('ends with nothing left, neither what waits nor what is being started', async () => {
  const { pool, starts, destroyed } = createTestPool()
  const shape = createTestShape('a')
  pool.prewarm(shape)
  await pass(REFILL_DELAY_MS)
  starts[0]?.succeed()
  await settle()
  const waiting = pool.take(createTestShape('b'), patient())
  waiting.catch(() => undefined)
  let isDrained = false
  const drained = pool.drain().then(() => (isDrained = true))

  await expect(waiting).rejects.toThrow('the runner stops')
  await settle()
  expect([destroyed, isDrained]).toEqual([['a 1'], false])
  starts[1]?.succeed()
  await drained

  expect(destroyed).toEqual(['a 1', 'b 2'])
  await pass(10 * IDLE_MS)
  expect(starts.length).toBe(2)
})

it('gives none out any more once it has ended', async () => {
  const { pool, starts } = createTestPool()
  await pool.drain()

  await expect(pool.take(createTestShape('a'), patient())).rejects.toThrow('the runner stops')
  pool.prewarm(createTestShape('a'))
  await pass(10 * REFILL_DELAY_MS)
  expect(starts).toEqual([])
})

it('takes shared ones back, gives them again, and starts none ahead', async () => {
  const { pool, starts } = createTestPool()
  const shape = createTestShape('a', { isShared: true })
  const taken = pool.take(shape, patient())
  starts[0]?.succeed()
  const { item } = await taken
  pool.giveBack(item)

  for (let uses = 0; uses < 3; uses++) {
    const again = await pool.take(shape, patient())
    expect(again).toEqual({ item, wasWaiting: true })
    await pass(10 * REFILL_DELAY_MS)
    pool.giveBack(item)
  }

  expect(starts.length).toBe(1)
})

it('hands a shared one that comes back to who waits', async () => {
  const { pool, starts } = createTestPool()
  const shape = createTestShape('a', { isShared: true })
  const first = pool.take(shape, patient())
  starts[0]?.succeed()
  const { item } = await first
  const second = pool.take(shape, patient())

  pool.giveBack(item)

  expect((await second).item).toBe(item)
})

it('removes shared ones that come back after the end, or that nobody asks for', async () => {
  const { pool, starts, destroyed } = createTestPool()
  const shape = createTestShape('a', { isShared: true })
  const taken = [pool.take(shape, patient()), pool.take(shape, patient())]
  for (const start of starts) start.succeed()
  const [first, second] = await Promise.all(taken)
  if (first === undefined || second === undefined) throw new Error('not there')

  pool.giveBack(first.item)
  await pass(2 * IDLE_MS)
  expect(destroyed).toEqual(['a 1'])
  await pool.drain()
  pool.giveBack(second.item)
  await settle()

  expect(destroyed).toEqual(['a 1', 'a 2'])
})

it('removes a shared one that comes back when its image has been replaced', async () => {
  const { pool, starts, destroyed } = createTestPool()
  const taken = pool.take(createTestShape('a', { isShared: true, imageId: 'old' }), patient())
  starts[0]?.succeed()
  const { item } = await taken
  const now = createTestShape('a', { isShared: true, imageId: 'new' })
  const next = pool.take(now, patient())
  starts[1]?.succeed()
  pool.giveBack((await next).item)
  await pass(IDLE_MS * 0.9)
  void pool.take(now, patient()).then((current) => pool.giveBack(current.item))
  await pass(IDLE_MS * 0.6)

  pool.giveBack(item)
  await settle()

  expect(destroyed).toEqual(['a 1'])
  expect((await pool.take(now, patient())).item.name).toBe('a 2')
})
