import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { reconcileRegularly } from '../src/reconcile-regularly.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('reconciles once a minute, also after a failure', async () => {
  const logger = { info: vi.fn(), warn: vi.fn() }
  const reconcile = vi.fn(() => Promise.reject(new Error('no engine')))
  const stop = reconcileRegularly(reconcile, logger)
  await vi.advanceTimersByTimeAsync(59_000)
  const early = reconcile.mock.calls.length
  await vi.advanceTimersByTimeAsync(62_000)
  stop()
  await vi.advanceTimersByTimeAsync(120_000)

  expect([early, reconcile.mock.calls.length]).toEqual([0, 2])
  expect(logger.warn).toHaveBeenCalledWith('it was not reconciled: Error: no engine')
})

test('does not start over while it is under way', async () => {
  const reconcile = vi.fn(() => new Promise<void>(() => undefined))
  const stop = reconcileRegularly(reconcile, { info: vi.fn(), warn: vi.fn() })
  await vi.advanceTimersByTimeAsync(300_000)
  stop()

  expect(reconcile).toHaveBeenCalledOnce()
})
