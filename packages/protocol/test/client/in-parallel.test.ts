import { setImmediate as immediately } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { inParallel } from '../../src/client/in-parallel.js'

test('work is done for every item, for so many at a time', async () => {
  const done: number[] = []
  let running = 0
  let most = 0

  await inParallel([1, 2, 3, 4, 5], 2, async (item) => {
    most = Math.max(most, ++running)
    await immediately()
    running--
    done.push(item)
  })

  expect([done, most]).toEqual([[1, 2, 3, 4, 5], 2])
})

test('a failure begins nothing more, and is thrown when the rest has ended', async () => {
  const ended: number[] = []
  const work = async (item: number): Promise<void> => {
    if (item === 1) throw new Error('first')
    await immediately()
    ended.push(item)
    throw new Error('second')
  }

  await expect(inParallel([1, 2, 3], 2, work)).rejects.toThrow('first')
  expect(ended).toEqual([2])
})
