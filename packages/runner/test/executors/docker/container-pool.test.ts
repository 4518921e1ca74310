import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createTestPool, IDLE_MS, pass, patient, REFILL_DELAY_MS, settle, useTwice } from './fake-pool.js'
import { createTestShape } from './test-shape.js'

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
  expect(vi.getTimerCount()).toBe(0)
  await pass(10 * IDLE_MS)
  expect(starts.length).toBe(2)
})

it('starts nothing any more that was about to be started', async () => {
  const { pool, starts } = createTestPool()
  pool.prewarm(createTestShape('a'))

  await pool.drain()
  await pass(10 * IDLE_MS)

  expect([starts.length, vi.getTimerCount()]).toEqual([0, 0])
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
