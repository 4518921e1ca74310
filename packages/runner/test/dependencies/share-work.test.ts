import { describe, expect, it, vi } from 'vitest'
import { createSharedWork, type Waiter } from '../../src/dependencies/share-work.js'
import { createTurns } from '../../src/dependencies/turns.js'

function createWaiter(): Waiter & { readonly controller: AbortController; readonly messages: string[] } {
  const controller = new AbortController()
  const messages: string[] = []
  return { controller, messages, signal: controller.signal, onProgress: (message) => messages.push(message) }
}

const never = ({ signal }: Waiter): Promise<string> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))))

describe('createSharedWork', () => {
  it('does the same at once once, and tells all how it goes', async () => {
    const shared = createSharedWork<string>()
    const [first, second] = [createWaiter(), createWaiter()]
    const work = vi.fn(async ({ onProgress }: Waiter) => {
      onProgress('half')
      await new Promise((resolve) => setTimeout(resolve, 20))
      return 'done'
    })

    const results = await Promise.all([shared.join('a', first, work), shared.join('a', second, work)])

    expect(results).toEqual(['done', 'done'])
    expect(work).toHaveBeenCalledTimes(1)
    expect([first.messages, second.messages]).toEqual([['half'], ['half']])
  })

  it('does different things apart, and the same again later', async () => {
    const shared = createSharedWork<string>()
    const work = vi.fn(async () => 'done')

    await Promise.all([shared.join('a', createWaiter(), work), shared.join('b', createWaiter(), work)])
    await shared.join('a', createWaiter(), work)

    expect(work).toHaveBeenCalledTimes(3)
  })

  it('goes on while one waits, and stops when all have left', async () => {
    const shared = createSharedWork<string>()
    const [first, second] = [createWaiter(), createWaiter()]
    let common: AbortSignal | undefined
    const work = (waiter: Waiter): Promise<string> => {
      common = waiter.signal
      return never(waiter)
    }
    const results = Promise.allSettled([shared.join('a', first, work), shared.join('a', second, work)])
    await Promise.resolve()

    first.controller.abort(new Error('first left'))
    await Promise.resolve()
    expect(common?.aborted).toBe(false)
    second.controller.abort(new Error('second left'))

    const reasons = (await results).map((result) =>
      result.status === 'rejected' ? String(result.reason) : '',
    )
    expect(reasons).toEqual(['Error: first left', 'Error: second left'])
    expect(common?.aborted).toBe(true)
  })

  it('lets nobody join what is being stopped', async () => {
    const shared = createSharedWork<string>()
    const first = createWaiter()
    const left = shared.join('a', first, never)
    first.controller.abort(new Error('left'))
    await expect(left).rejects.toThrow('left')

    await expect(shared.join('a', createWaiter(), async () => 'new')).resolves.toBe('new')
  })
})

describe('createTurns', () => {
  it('lets no more work at once than there are places', async () => {
    const turns = createTurns(2)
    let busy = 0
    let most = 0
    const work = async (): Promise<void> => {
      most = Math.max(most, ++busy)
      await new Promise((resolve) => setTimeout(resolve, 5))
      busy--
    }

    await Promise.all(Array.from({ length: 7 }, () => turns.take(new AbortController().signal, work)))

    expect(most).toBe(2)
  })

  it('forgets who left the queue, and goes on after a failure', async () => {
    const turns = createTurns(1)
    const controller = new AbortController()
    const failing = turns.take(new AbortController().signal, async () => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      throw new Error('failed')
    })
    const left = turns.take(controller.signal, async () => 'never')
    const last = turns.take(new AbortController().signal, async () => 'last')

    controller.abort(new Error('left'))

    await expect(left).rejects.toThrow('left')
    await expect(failing).rejects.toThrow('failed')
    await expect(last).resolves.toBe('last')
  })
})
