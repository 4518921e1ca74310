import { expect, test } from 'vitest'
import { isThere } from '../../src/services/is-there.js'
import { createTestContext } from '../test-context.js'

test.for<[string, boolean, string[], boolean]>([
  ['nothing was made', true, [], true],
  ['all files are there', true, ['there', 'there too'], true],
  ['one is not on the disk', true, ['there', 'gone'], false],
  ['one is on the disk that the store does not know any more', false, ['there'], false],
])('an execution can stand in, or not, when %s', async ([, isWhole, sha256s, expected]) => {
  const { blobs } = createTestContext()

  expect(
    await isThere({ blobs: { ...blobs, has: async (sha256) => sha256 !== 'gone' } }, { isWhole, sha256s }),
  ).toBe(expected)
})
