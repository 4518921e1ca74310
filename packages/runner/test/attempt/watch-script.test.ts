import { LIMITS } from '@rgrid/protocol'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { watchScript } from '../../src/attempt/watch-script.js'
import type { Exit, Running } from '../../src/executors/executor.js'

const USAGE = { wallMs: 1, cpuSeconds: null, peakMemoryBytes: null }
const EXIT: Exit = { cause: 'exit', exitCode: 0, signal: null, message: null, usage: USAGE }
const KILLED: Exit = { ...EXIT, cause: 'signal', exitCode: 137, signal: 'SIGKILL' }

/** A script that is none, and what may end it. */
function watchTest({ timeoutMs = 1_000 } = {}) {
  const signals: string[] = []
  let end: (exit: Exit) => void = () => undefined
  const running: Running = {
    stdout: Readable.from([]),
    stderr: Readable.from([]),
    exit: new Promise((resolve) => (end = resolve)),
    async signal(name) {
      signals.push(name)
    },
  }
  const [cancelled, stopped, lost] = [new AbortController(), new AbortController(), new AbortController()]
  const ending = watchScript(running, {
    timeoutMs,
    cancelled: cancelled.signal,
    stopped: stopped.signal,
    lost: lost.signal,
  })
  return { ending, signals, cancelled, stopped, lost, end: (exit: Exit) => end(exit) }
}

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms)

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('a script that is watched', () => {
  it('ends as it ends when nobody interferes', async () => {
    const { ending, signals, end } = watchTest()
    const exit: Exit = { ...KILLED, message: 'why' }
    end(exit)

    expect(await ending).toEqual(exit)
    await pass(10_000)
    expect(signals).toEqual([])
  })

  it('gets SIGTERM at its timeout', async () => {
    const { ending, signals, end } = watchTest({ timeoutMs: 500 })
    await pass(499)
    expect(signals).toEqual([])
    await pass(1)
    expect(signals).toEqual(['SIGTERM'])
    end(KILLED)

    expect(await ending).toEqual({ ...KILLED, cause: 'timeout', message: null })
  })

  it('gets SIGKILL after the grace, which is the same for a timeout and a cancel', async () => {
    vi.useRealTimers()
    const startedAt = performance.now()
    const late = watchTest({ timeoutMs: 1 })
    const unwanted = watchTest()
    unwanted.cancelled.abort()
    await expect.poll(() => [...late.signals, ...unwanted.signals], { timeout: 10_000 }).toHaveLength(4)
    const waitedMs = performance.now() - startedAt
    for (const { end } of [late, unwanted]) end(KILLED)

    expect([late.signals, unwanted.signals]).toEqual(Array(2).fill(['SIGTERM', 'SIGKILL']))
    expect(waitedMs).toBeGreaterThan(LIMITS.killGraceMs * 0.9)
    expect([(await late.ending).cause, (await unwanted.ending).cause]).toEqual(['timeout', 'cancelled'])
  })

  it('is not killed when it ends within the grace; the timeout stays the cause', async () => {
    const { ending, signals, end } = watchTest({ timeoutMs: 500 })
    await pass(500)
    end(EXIT)

    expect(await ending).toMatchObject({ cause: 'timeout', exitCode: 0 })
    await pass(10_000)
    expect(signals).toEqual(['SIGTERM'])
  })

  it('is killed without a grace when the runner stops', async () => {
    vi.useRealTimers()
    const { ending, signals, stopped, end } = watchTest()
    stopped.abort()
    await expect.poll(() => signals, { timeout: 1_500 }).toHaveLength(2)
    end(KILLED)

    expect(signals).toEqual(['SIGTERM', 'SIGKILL'])
    expect(await ending).toMatchObject({
      cause: 'runner_lost',
      message: 'the runner was stopped while the script ran',
    })
  })

  it('is killed at once when the attempt belongs to someone else', async () => {
    const { ending, signals, lost, end } = watchTest()
    lost.abort()
    end(KILLED)
    await ending

    expect(signals).toEqual(['SIGKILL'])
  })

  it('keeps the first reason', async () => {
    const { ending, signals, cancelled, stopped, end } = watchTest({ timeoutMs: 500 })
    cancelled.abort()
    await pass(600)
    stopped.abort()
    end(KILLED)

    expect(await ending).toMatchObject({ cause: 'cancelled' })
    expect(signals).toEqual(['SIGTERM'])
  })

  it('is not cancelled after its end', async () => {
    const { ending, signals, cancelled, stopped, lost, end } = watchTest()
    end(EXIT)
    await ending
    for (const control of [cancelled, stopped, lost]) control.abort()
    await pass(10_000)

    expect(signals).toEqual([])
  })

  it.for(['engine_restart', 'container_removed'] as const)(
    'was lost by %s, also when it had been asked to end',
    async (cause) => {
      const { ending, cancelled, end } = watchTest()
      cancelled.abort()
      end({ ...KILLED, cause, message: 'gone' })

      expect(await ending).toMatchObject({ cause, message: 'gone' })
    },
  )

  it.for(['out_of_memory', 'output_limit', 'timeout', 'internal'] as const)(
    'reports %s of the executor as it is',
    async (cause) => {
      const { ending, end } = watchTest()
      end({ ...KILLED, cause, message: 'why' })

      expect(await ending).toMatchObject({ cause, message: 'why' })
    },
  )
})

it('is ended at once by what was asked for before it started', async () => {
  const cancelled = AbortSignal.abort()
  const signals: string[] = []
  const ending = watchScript(
    {
      stdout: Readable.from([]),
      stderr: Readable.from([]),
      exit: Promise.resolve(EXIT),
      async signal(name) {
        signals.push(name)
      },
    },
    {
      timeoutMs: 1_000,
      cancelled,
      stopped: new AbortController().signal,
      lost: new AbortController().signal,
    },
  )

  expect(await ending).toMatchObject({ cause: 'cancelled' })
  expect(signals).toEqual(['SIGTERM'])
})
