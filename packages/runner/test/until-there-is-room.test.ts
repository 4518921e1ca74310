import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { untilThereIsRoom } from '../src/until-there-is-room.js'

const createLogger = () => ({ info: vi.fn(), warn: vi.fn() })

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('waits until enough disk is free, and says so once', async () => {
  const logger = createLogger()
  const free = [100, 200, 2048]
  const done = vi.fn()
  const waiting = untilThereIsRoom(
    '/',
    2048,
    logger,
    new AbortController().signal,
    async () => free.shift() ?? 0,
  )
  void waiting.then(done)
  await vi.advanceTimersByTimeAsync(9_000)
  const wasDone = done.mock.calls.length > 0
  await vi.advanceTimersByTimeAsync(2_000)

  expect([wasDone, done.mock.calls.length]).toEqual([false, 1])
  expect(logger.warn.mock.calls).toEqual([
    ['nothing is claimed: 100 MiB of disk are free, and 2048 have to stay so'],
  ])
})

test('ends when the runner stops', async () => {
  const stopping = new AbortController()
  const waiting = untilThereIsRoom('/', 2048, createLogger(), stopping.signal, async () => 0)
  await vi.advanceTimersByTimeAsync(1_000)
  stopping.abort()

  await waiting
})

test('does not look where nothing has to stay free', async () => {
  const measure = vi.fn(async () => 0)
  await untilThereIsRoom('/', 0, createLogger(), new AbortController().signal, measure)

  expect(measure).not.toHaveBeenCalled()
})

test('looks at the real disk', async () => {
  const logger = createLogger()
  await untilThereIsRoom('/', 1, logger, new AbortController().signal)

  expect(logger.warn).not.toHaveBeenCalled()
})
