import { describe, expect, it } from 'vitest'
import {
  chooseToEvict,
  chooseToFill,
  countByState,
  createPoolEntry,
  getTarget,
  isOutdated,
  isReplaced,
  takeAlive,
  type PoolEntry,
} from '../../../src/executors/docker/waiting/pool-entry.js'
import { createTestShape } from './test-shape.js'

const SLOTS = 3
const REQUEST = { resolve: () => undefined, reject: () => undefined }

const entry = (name: string, state: Partial<PoolEntry<string>> = {}): PoolEntry<string> => ({
  ...createPoolEntry<string>(createTestShape(name)),
  ...state,
})
const nameOf = (found: PoolEntry<string> | undefined): string | undefined => found?.shape.image.name

describe('the target of a shape', () => {
  it.for([
    ['nothing before its first use', {}, 0],
    ['nothing after one use', { uses: 1 }, 0],
    ['as many as there are slots after two', { uses: 2 }, SLOTS],
    ['one when it is pinned', { isPinned: true }, 1],
    ['as many as there are slots when it is pinned and in use', { uses: 2, isPinned: true }, SLOTS],
    ['nothing when it is shared', { uses: 9, shape: createTestShape('a', { isShared: true }) }, 0],
  ] as const)('is %s', ([, state, target]) => {
    expect(getTarget(entry('a', state), SLOTS)).toBe(target)
  })
})

describe('the shape to fill', () => {
  it('is the one that was used last among those that want any', () => {
    const full = entry('full', { uses: 2, lastUsedAt: 9, ready: ['1', '2', '3'] })
    const early = entry('early', { uses: 2, lastUsedAt: 1, ready: ['1'] })
    const late = entry('late', { uses: 2, lastUsedAt: 2, ready: ['1', '2'] })

    expect(nameOf(chooseToFill([early, late, full], SLOTS))).toBe('late')
  })

  it.for<[string, Partial<PoolEntry<string>>]>([
    ['somebody waits', { requests: [REQUEST] }],
    ['one is being started', { starting: 1 }],
  ])('is none while %s, of whatever shape', ([, state]) => {
    const wanting = entry('wanting', { uses: 2 })

    expect(chooseToFill([wanting, entry('other', state)], SLOTS)).toBeUndefined()
  })

  it('is none that rests', () => {
    expect(
      chooseToFill([entry('a', { uses: 2, restUntil: performance.now() + 1_000 })], SLOTS),
    ).toBeUndefined()
    expect(chooseToFill([entry('a', { uses: 2, restUntil: performance.now() })], SLOTS)).toBeDefined()
  })
})

describe('the shape to evict from', () => {
  const wanted = entry('wanted', { lastUsedAt: 5 })

  it('is the one that has not been used for the longest', () => {
    const older = entry('older', { lastUsedAt: 1, ready: ['1'] })
    const old = entry('old', { lastUsedAt: 2, ready: ['1'] })

    expect(nameOf(chooseToEvict([old, older, wanted], wanted))).toBe('older')
  })

  it('is none that has nothing, was used later, or is the wanted one itself', () => {
    const empty = entry('empty', { lastUsedAt: 1 })
    const later = entry('later', { lastUsedAt: 6, ready: ['1'] })
    const itself = entry('itself', { lastUsedAt: 5, ready: ['1'] })

    expect(chooseToEvict([empty, later, itself], itself)).toBeUndefined()
  })
})

it('counts what waits and what is being started', () => {
  const entries = [entry('a', { ready: ['1', '2'], starting: 1 }), entry('b', { ready: ['3'], starting: 2 })]

  expect(countByState(entries)).toEqual({ waiting: 3, starting: 3 })
})

it('takes the first that is alive and drops the dead before it', () => {
  const item = (name: string, alive: boolean) => ({ name, isAlive: () => alive })
  const ready = [item('a', false), item('b', true), item('c', true)]
  const dropped: string[] = []
  const shaped = { ...createPoolEntry<(typeof ready)[number]>(createTestShape('a')), ready }

  expect(takeAlive(shaped, ({ name }) => dropped.push(name))?.name).toBe('b')
  expect([dropped, ready.map(({ name }) => name)]).toEqual([['a'], ['c']])
})

describe('an image whose name means another one now', () => {
  const old = createTestShape('a', { imageId: 'old' })
  const now = createTestShape('a', { imageId: 'new' })

  it('outdates its shapes, and no others', () => {
    expect(isOutdated(old, now)).toBe(true)
    expect(isOutdated(old, old)).toBe(false)
    expect(isOutdated(createTestShape('b'), now)).toBe(false)
  })

  it('has been replaced once the new one was used', () => {
    const entries = (oldUsedAt: number, newUsedAt: number) =>
      new Map([
        [old.key, { ...entry('a'), shape: old, lastUsedAt: oldUsedAt }],
        [now.key, { ...entry('a'), shape: now, lastUsedAt: newUsedAt }],
      ])

    expect(isReplaced(old, entries(1, 2))).toBe(true)
    expect(isReplaced(old, entries(2, 1))).toBe(false)
    expect(isReplaced(now, entries(1, 2))).toBe(false)
  })
})
