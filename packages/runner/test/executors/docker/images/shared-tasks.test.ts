import { describe, expect, it, vi } from 'vitest'
import { createSharedTasks, type Waiter } from '../../../../src/executors/docker/images/shared-tasks.js'

function makeWaiter(signal = new AbortController().signal): Waiter & { messages: string[] } {
  const messages: string[] = []
  return { messages, signal, onProgress: (message) => messages.push(message) }
}

function makeLatch() {
  let resolve = (): void => undefined
  const promise = new Promise<void>((open) => (resolve = open))
  return { promise, resolve: () => resolve() }
}

describe('createSharedTasks', () => {
  it('does what is wanted once at a time', async () => {
    const tasks = createSharedTasks<number>()
    let count = 0
    const start = vi.fn(async () => ++count)

    expect(await Promise.all(['a', 'a', 'b'].map((key) => tasks.join(key, makeWaiter(), start)))).toEqual([
      1, 1, 2,
    ])
    expect(await tasks.join('a', makeWaiter(), start)).toBe(3)
  })

  it('tells who comes late what was said last', async () => {
    const tasks = createSharedTasks<void>()
    const done = makeLatch()
    const [early, late] = [makeWaiter(), makeWaiter()]
    const start = ({ onProgress }: Waiter) => {
      onProgress('one')
      onProgress('two')
      return done.promise
    }
    const first = tasks.join('a', early, start)
    await Promise.resolve()
    const second = tasks.join('a', late, start)
    done.resolve()
    await Promise.all([first, second])

    expect([early.messages, late.messages]).toEqual([['one', 'two'], ['two']])
  })

  it('aborts when the last has left, and starts anew for the next', async () => {
    const tasks = createSharedTasks<string>()
    const signals: AbortSignal[] = []
    const start = ({ signal }: Waiter) => {
      signals.push(signal)
      return signals.length === 1 ? new Promise<string>(() => undefined) : Promise.resolve('again')
    }
    const leaving = [new AbortController(), new AbortController()]
    const results = leaving.map(({ signal }) => tasks.join('a', makeWaiter(signal), start).catch(String))
    await Promise.resolve()

    leaving[0]?.abort('first')
    expect(await results[0]).toBe('first')
    expect(signals[0]?.aborted).toBe(false)
    leaving[1]?.abort('second')
    expect(await results[1]).toBe('second')
    expect(signals[0]?.aborted).toBe(true)
    expect(await tasks.join('a', makeWaiter(), start)).toBe('again')
  })

  it('does not start for who has left already', async () => {
    const start = vi.fn(async () => 1)

    await expect(createSharedTasks().join('a', makeWaiter(AbortSignal.abort('gone')), start)).rejects.toBe(
      'gone',
    )
    expect(start).not.toHaveBeenCalled()
  })

  it('fails for all, and once', async () => {
    const tasks = createSharedTasks<number>()
    const fail = () => Promise.reject(new Error('no'))
    const results = await Promise.allSettled([1, 2].map(() => tasks.join('a', makeWaiter(), fail)))

    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await tasks.join('a', makeWaiter(), async () => 1)).toBe(1)
  })

  it('knows when there is nothing to do', async () => {
    const tasks = createSharedTasks<void>()
    const done = makeLatch()
    await tasks.whenIdle()
    const task = tasks.join('a', makeWaiter(), () => done.promise)
    let isIdle = false
    const idle = tasks.whenIdle().then(() => (isIdle = true))
    await new Promise(setImmediate)

    expect(isIdle).toBe(false)
    done.resolve()
    await Promise.all([idle, task])
    expect(isIdle).toBe(true)
  })
})
