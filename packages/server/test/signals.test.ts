import { describe, expect, test } from 'vitest'
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
