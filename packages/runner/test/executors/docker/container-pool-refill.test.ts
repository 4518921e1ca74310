import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import {
  createTestPool,
  fill,
  IDLE_MS,
  pass,
  patient,
  REFILL_DELAY_MS,
  settle,
  useTwice,
} from './fake-pool.js'
import { createTestShape } from './test-shape.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

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

it('puts a start off for a script that has just begun, until it is over', async () => {
  const shape = createTestShape('a')
  const delays = { refillDelayMs: 10 * REFILL_DELAY_MS }
  const counts: number[] = []
  for (const isOver of [false, true]) {
    const { pool, starts } = createTestPool(delays)
    await useTwice(pool, starts, shape)
    await pass(delays.refillDelayMs)
    await fill(starts)
    const before = starts.length
    await pool.take(shape, patient())
    if (isOver) pool.noteEnd()
    await pass(delays.refillDelayMs - 1)
    counts.push(starts.length - before)
    await pass(2 * REFILL_DELAY_MS)
    counts.push(starts.length - before)
  }

  expect(counts).toEqual([0, 1, 1, 1])
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
  const old = createTestShape('a', { imageId: 'old' })
  await useTwice(pool, starts, old)
  await pool.take(old, patient())
  await pass(REFILL_DELAY_MS)
  const startedAhead = starts.at(-1)

  void pool.take(createTestShape('a', { imageId: 'new' }), patient())
  expect(destroyed).toEqual(['a 4'])
  startedAhead?.succeed()
  await settle()

  expect(destroyed).toEqual(['a 4', 'a 5'])
})

it('drops one that dies while it waits, and starts another', async () => {
  const { pool, starts, destroyed } = createTestPool()
  pool.prewarm(createTestShape('a'))
  await pass(REFILL_DELAY_MS)
  const item = starts[0]?.succeed()
  await pass(2 * REFILL_DELAY_MS)

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

it('only warns when one that nobody waits for does not start', async () => {
  const { pool, starts, warnings } = createTestPool()
  pool.prewarm(createTestShape('a'))
  await pass(REFILL_DELAY_MS)
  starts[0]?.fail(new Error('no room'))
  await settle()

  expect(warnings).toEqual(['no container was started ahead: Error: no room'])
})
