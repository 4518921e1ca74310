import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Executor } from '../src/executors/executor.js'
import { sweepRegularly } from '../src/sweep-regularly.js'

const createExecutor = (sweep: () => Promise<void>): Executor => ({ sweep }) as unknown as Executor

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('sweeps every executor once a minute, whatever the others do', async () => {
  const logger = { info: vi.fn(), warn: vi.fn() }
  const [broken, sound] = [vi.fn(() => Promise.reject(new Error('no engine'))), vi.fn(async () => undefined)]
  const stop = sweepRegularly([createExecutor(broken), createExecutor(sound)], logger)
  await vi.advanceTimersByTimeAsync(59_000)
  const early = sound.mock.calls.length
  await vi.advanceTimersByTimeAsync(62_000)
  stop()
  await vi.advanceTimersByTimeAsync(120_000)

  expect([early, broken.mock.calls.length, sound.mock.calls.length]).toEqual([0, 2, 2])
  expect(logger.warn).toHaveBeenCalledWith('a sweep failed: Error: no engine')
})

test('does not start a sweep over one that has not ended', async () => {
  const sweep = vi.fn(() => new Promise<void>(() => undefined))
  const stop = sweepRegularly([createExecutor(sweep)], { info: vi.fn(), warn: vi.fn() })
  await vi.advanceTimersByTimeAsync(300_000)
  stop()

  expect(sweep).toHaveBeenCalledOnce()
})
