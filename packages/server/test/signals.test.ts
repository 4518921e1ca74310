import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createSignals } from '../src/signals.js'

const LONG_MS = 60_000

describe('signals', () => {
  test('a notification wakes those who watch its topic', async () => {
    const signals = createSignals()
    const watch = signals.watch('a')
    const waiting = watch.wait(LONG_MS)

    signals.notify('a')

    await expect(waiting).resolves.toBeUndefined()
  })

  test('a notification for soon wakes a moment later', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const signals = createSignals()
    const woken = vi.fn()
    void signals.watch('a').wait(LONG_MS).then(woken)

    signals.notifySoon('a')
    await vi.advanceTimersByTimeAsync(0)
    expect(woken).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(100)

    expect(woken).toHaveBeenCalled()
  })

  test('a notification for later wakes when its time has come, and not before', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const signals = createSignals()
    const woken = vi.fn()
    void signals.watch('a').wait(LONG_MS).then(woken)

    signals.notifyLater('a', 1_000)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(woken).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(5)

    expect(woken).toHaveBeenCalled()
  })

  test('a notification between two waits is not lost', async () => {
    const signals = createSignals()
    const watch = signals.watch('a')

    signals.notify('a')

    await expect(watch.wait(LONG_MS)).resolves.toBeUndefined()
  })

  test('a notification is used up by one wait, and other topics wake nobody', async () => {
    const signals = createSignals()
    const watch = signals.watch('a')
    signals.notify('a')
    await watch.wait(LONG_MS)
    let isAwake = false
    const waiting = watch.wait(LONG_MS).then(() => (isAwake = true))

    signals.notify('b')
    await Promise.resolve()
    expect(isAwake).toBe(false)

    signals.notifyAll()
    await waiting
  })

  test('an abort, a timeout and closing end a wait', async () => {
    const signals = createSignals()
    const gone = new AbortController()
    const watch = signals.watch('a')
    const waiting = watch.wait(LONG_MS, gone.signal)
    gone.abort()
    await waiting

    await watch.wait(LONG_MS, gone.signal)
    await watch.wait(0)
    const last = watch.wait(LONG_MS)
    watch.close()

    await expect(last).resolves.toBeUndefined()
  })
})
