import { describe, expect, it } from 'vitest'
import { chooseEvicted } from '../../src/dependencies/evict.js'

const NOW = 1_000_000
const POLICY = { maxBytes: 100, maxIdleMs: 10_000, spareMs: 1_000 }
const item = (name: string, bytes: number, idleMs: number, isRetained = false) => ({
  name,
  bytes,
  usedAtMs: NOW - idleMs,
  isRetained,
})
const choose = (...items: ReturnType<typeof item>[]): string[] =>
  chooseEvicted(items, POLICY, NOW).map(({ name }) => name)

describe('chooseEvicted', () => {
  it('keeps what fits', () => {
    expect(choose(item('a', 50, 5_000), item('b', 50, 9_000))).toEqual([])
  })

  it('removes the longest unused until the rest fits', () => {
    expect(choose(item('new', 60, 2_000), item('oldest', 50, 9_000), item('old', 40, 5_000))).toEqual([
      'oldest',
    ])
  })

  it('removes what nobody has used for long, whatever room there is', () => {
    expect(choose(item('a', 1, 10_001), item('b', 1, 9_999))).toEqual(['a'])
  })

  it('never removes what is in use, here or elsewhere', () => {
    expect(choose(item('here', 200, 20_000, true), item('elsewhere', 200, 999), item('c', 1, 2_000))).toEqual(
      ['c'],
    )
  })
})
