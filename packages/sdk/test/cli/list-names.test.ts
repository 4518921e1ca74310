import { describe, expect, it } from 'vitest'
import { listSkipped } from '../../src/cli/list-names.js'

describe('what was left behind', () => {
  it('is told with each reason once before it comes again, and what is only counted at the end', () => {
    const links = ['a', 'b', 'c'].map((path) => ({ path, reason: 'is a symbolic link' }))
    const skipped = [...links, { path: 'd', reason: 'is a FIFO' }, { path: '.', reason: '9 more: is a FIFO' }]

    expect(listSkipped(skipped, 3)).toBe(
      '4 files: a (is a symbolic link) d (is a FIFO) b (is a symbolic link) …, 9 more: is a FIFO',
    )
  })

  it('is told where only a reason is known', () => {
    expect(listSkipped([{ path: '.', reason: 'could not be stored' }], 3)).toBe('could not be stored')
  })
})
