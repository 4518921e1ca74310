import { expect, test, vi } from 'vitest'
import { createShortageWatch, type MeasureFreeMib } from '../src/shortage-watch.js'

const createWatch = (minFreeDiskMib: number, measureFreeMib?: MeasureFreeMib) => {
  const logger = { info: vi.fn(), warn: vi.fn() }
  return {
    findShortage: createShortageWatch({
      workDirectory: '/',
      minFreeDiskMib,
      ...(measureFreeMib === undefined ? {} : { measureFreeMib }),
      logger,
    }),
    logger,
  }
}

test('says how much is free, and logs it once until there is room', async () => {
  const free = [1203, 1204, 2048, 7]
  const { findShortage, logger } = createWatch(2048, async () => free.shift() ?? 0)

  const said = [await findShortage(), await findShortage(), await findShortage(), await findShortage()]

  expect(said).toEqual([
    '1,203 MiB of disk are free, 2,048 have to stay so',
    '1,204 MiB of disk are free, 2,048 have to stay so',
    undefined,
    '7 MiB of disk are free, 2,048 have to stay so',
  ])
  expect(logger.warn.mock.calls).toEqual([
    [`nothing is claimed: ${said[0]}`],
    [`nothing is claimed: ${said[3]}`],
  ])
})

test('does not look where nothing has to stay free', async () => {
  const measure = vi.fn(async () => 0)

  expect(await createWatch(0, measure).findShortage()).toBeUndefined()
  expect(measure).not.toHaveBeenCalled()
})

test('looks at the real disk', async () => {
  expect(await createWatch(1).findShortage()).toBeUndefined()
  expect(await createWatch(2 ** 40).findShortage()).toMatch(
    /^[\d,]+ MiB of disk are free, 1,099,511,627,776 /,
  )
})
