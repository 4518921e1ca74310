import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { watchEnvironments } from '../src/environment-watch.js'
import type { Executor } from '../src/executors/executor.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const wait = () => vi.advanceTimersByTimeAsync(60)

/** Watches an executor that tells of a change when the test does. */
function createWatched(look: () => Promise<void> = async () => undefined) {
  const listeners = new Set<() => void>()
  const executor = {
    watchEnvironments(listener: () => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  } as unknown as Executor
  const looks = vi.fn(look)
  const warn = vi.fn()
  const watch = watchEnvironments([executor], looks, { info: () => undefined, warn })
  const tell = () => {
    for (const listener of listeners) listener()
  }
  return { looks, warn, watch, tell, listeners }
}

test('looks once for changes that are told of together', async () => {
  const { looks, tell } = createWatched()
  tell()
  tell()
  const before = looks.mock.calls.length
  await wait()
  tell()
  await wait()

  expect([before, looks.mock.calls.length]).toEqual([0, 2])
})

test('looks every few seconds though nothing is told, and no more once it has stopped', async () => {
  const { looks, watch } = createWatched()
  await wait()
  const before = looks.mock.calls.length
  await vi.advanceTimersByTimeAsync(30_000)
  const during = looks.mock.calls.length
  watch.stop()
  await vi.advanceTimersByTimeAsync(30_000)

  expect([before, during, looks.mock.calls.length]).toEqual([0, 3, 3])
  expect(vi.getTimerCount()).toBe(0)
})

test('looks once more for all that is told while it looks', async () => {
  let end = (): void => undefined
  const { looks, tell } = createWatched(() => new Promise((resolve) => (end = resolve)))
  tell()
  await wait()
  tell()
  tell()
  await wait()
  const meanwhile = looks.mock.calls.length
  end()
  await wait()
  end()
  await wait()

  expect([meanwhile, looks.mock.calls.length]).toEqual([1, 2])
})

test('warns of a failure, and looks again at the next change', async () => {
  const { looks, warn, tell } = createWatched(() => Promise.reject(new Error('no server')))
  tell()
  await wait()
  tell()
  await wait()

  expect(looks).toHaveBeenCalledTimes(2)
  expect(warn).toHaveBeenCalledWith('the server was not told what scripts run in: Error: no server')
})

test('does nothing after its stop, and says nothing of what that broke off', async () => {
  let fail = (_: Error): void => undefined
  const { looks, warn, watch, tell, listeners } = createWatched(
    () => new Promise((_, reject) => (fail = reject)),
  )
  tell()
  await wait()
  tell()
  watch.stop()
  fail(new Error('stopped'))
  await wait()

  expect([looks.mock.calls.length, warn.mock.calls.length, listeners.size]).toEqual([1, 0, 0])
})
