import { LIMITS } from '@rgrid/protocol'
import { expect, test } from 'vitest'
import { placeModules } from '../../src/modules/place-modules.js'

test('more modules than the limit of files are refused', () => {
  const modules = Array.from({ length: LIMITS.inputFiles }, (_, index) => ({
    source: `/a/${index}.py`,
    beside: `${index}.py`,
    by: 'main.py',
    line: 1,
  }))

  expect(() => placeModules('main.py', modules)).toThrow(
    /^script: it imports more than the limit of 10000 files/,
  )
  expect(placeModules('main.py', modules.slice(1)).placed).toHaveLength(LIMITS.inputFiles - 1)
})
