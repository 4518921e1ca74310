import { RGridError } from '@rgrid/protocol'
import type { Api } from '@rgrid/protocol/client'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { keepLease } from '../../src/attempt/lease-keeper.js'

const right = { executionId: 'exec_1', attempt: 2, leaseToken: 'secret' }

/** Keeps a lease against a server that answers as told. */
function keep(answer: (signal: AbortSignal | undefined) => Promise<{ cancelRequested: boolean }>) {
  const seen: { path: string; json: unknown }[] = []
  const onCancel = vi.fn()
  const onLost = vi.fn()
  const warn = vi.fn()
  const logger = { info: () => undefined, warn }
  const call = ((
    _schema: unknown,
    { path, json }: { path: string; json: unknown },
    options?: { signal?: AbortSignal },
  ) => {
    seen.push({ path, json })
    return answer(options?.signal)
  }) as unknown as Api['call']
  const api = { url: '', send: () => Promise.reject(new Error()), call }
  const lease = keepLease({ api, right, leaseMs: 30_000, longPollMs: 10_000, onCancel, onLost, logger })
  onTestFinished(() => lease.stop())
  return { seen, onCancel, onLost, warn, lease }
}

const never = (signal: AbortSignal | undefined): Promise<never> =>
  new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)))

describe('a lease', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('costs no request when the script ends at once', async () => {
    const { seen, lease } = keep(never)

    await vi.advanceTimersByTimeAsync(10)
    lease.stop()
    await vi.advanceTimersByTimeAsync(60_000)

    expect(seen).toEqual([])
  })

  test('is renewed with its token from a request that waits', async () => {
    const { seen } = keep(never)

    await vi.advanceTimersByTimeAsync(50)

    expect(seen).toEqual([
      {
        path: '/v1/runner/attempts/exec_1.2/renew',
        json: { leaseToken: 'secret', waitMs: 10_000, phase: 'running' },
      },
    ])
  })

  test('tells of a cancel once, and is kept while the script ends', async () => {
    const { seen, onCancel, onLost } = keep(() => Promise.resolve({ cancelRequested: true }))

    await vi.advanceTimersByTimeAsync(25_000)

    expect(onCancel).toHaveBeenCalledTimes(1)
    expect(seen.length).toBeGreaterThan(1)
    expect(seen.length).toBeLessThan(10)
    expect(onLost).not.toHaveBeenCalled()
  })

  test('is lost when the server says so', async () => {
    const { onLost } = keep(() => Promise.reject(new RGridError('lease_lost', 'gone')))

    await vi.advanceTimersByTimeAsync(50)

    expect(onLost).toHaveBeenCalledTimes(1)
  })

  test('survives a server that is away for a while', async () => {
    let calls = 0
    const { onLost } = keep(async (signal) => {
      if (++calls < 5) throw new RGridError('unreachable', 'away')
      return never(signal)
    })

    await vi.advanceTimersByTimeAsync(5_000)

    expect([calls, onLost.mock.calls.length]).toEqual([5, 0])
  })

  test('is told of once when several renewals in a row fail, and again after one that did not', async () => {
    const failing = new Set([1, 2, 3, 5, 6])
    let calls = 0
    const { warn } = keep(async (signal) => {
      if (failing.has(++calls)) throw new RGridError('unreachable', `away ${calls}`)
      return calls === 4 ? { cancelRequested: false } : never(signal)
    })

    await vi.advanceTimersByTimeAsync(10_000)

    expect(calls).toBe(7)
    expect(warn.mock.calls).toEqual([
      ['attempt exec_1.2: its lease is not renewed: away 1'],
      ['attempt exec_1.2: its lease is not renewed: away 5'],
    ])
  })

  test('is not told of when the server says that it is lost, or the script has ended', async () => {
    const lost = keep(() => Promise.reject(new RGridError('lease_lost', 'gone')))
    const ended = keep(never)

    await vi.advanceTimersByTimeAsync(50)
    ended.lease.stop()
    await vi.advanceTimersByTimeAsync(60_000)

    expect([lost.warn.mock.calls, ended.warn.mock.calls]).toEqual([[], []])
  })

  test('is given up before another runner may claim when no renewal succeeds', async () => {
    const { onLost, warn } = keep(() => Promise.reject(new RGridError('unreachable', 'away')))

    await vi.advanceTimersByTimeAsync(24_900)
    const before = onLost.mock.calls.length
    await vi.advanceTimersByTimeAsync(200)

    expect([before, onLost.mock.calls.length]).toEqual([0, 1])
    expect(warn.mock.calls).toEqual([
      ['attempt exec_1.2: its lease is not renewed: away'],
      ['attempt exec_1.2: given up, as its lease could not be renewed for 25 s'],
    ])
  })
})
