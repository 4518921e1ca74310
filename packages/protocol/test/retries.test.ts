import { describe, expect, test } from 'vitest'
import { causeSchema, LIMITS, prioritySchema, RETRIED_CAUSES, retriesSchema, toIssues } from '../src/index.js'

const messagesOf = (value: unknown): string[] => {
  const { error } = retriesSchema.safeParse(value)
  return error === undefined ? [] : toIssues(error).map(({ path, message }) => `${path}: ${message}`)
}

describe('retries', () => {
  test('keep what they are given', () => {
    const retries = {
      lost: 2,
      exit: { codes: [75], times: 3 },
      signal: 0,
      timeout: 1,
      out_of_memory: { memoryMib: 'x2', times: 1 },
      image_pull: LIMITS.retriesPerCause,
      dependency_install: 1,
    }

    expect(retriesSchema.parse(retries)).toEqual(retries)
    expect(retriesSchema.parse({ exit: 3, out_of_memory: 1 })).toEqual({ exit: 3, out_of_memory: 1 })
    expect(retriesSchema.parse({})).toEqual({})
  })

  test.for<[string, unknown, RegExp]>([
    ['a negative number', { lost: -1 }, /^lost: must be a whole number of times from 0 to 10$/],
    ['too many', { timeout: 1_000_000 }, /^timeout: must be .* from 0 to 10$/],
    ['half a time', { signal: 1.5 }, /^signal: must be a whole number/],
    ['too many after an exit', { exit: 11 }, /^exit: must be .*from 0 to 10/],
    ['the exit code of a success', { exit: { codes: [0], times: 1 } }, /^exit.codes.0: .*>=1$/],
    ['no exit code at all', { exit: { codes: [], times: 1 } }, /^exit.codes: /],
    ['a list of exit codes', { exit: [75] }, /^exit: must be .*\{ codes, times \}/],
    ['another growth', { out_of_memory: { memoryMib: 'x3', times: 1 } }, /^out_of_memory: must be .*'x2'/],
    ['a cancel', { cancelled: 1 }, /^\(body\): "cancelled" is not tried again: that is for lost, exit/],
    ['text', { lost: '2' }, /^lost: must be a whole number/],
  ])('%s is refused with what is meant', ([, value, message]) => {
    expect(messagesOf(value)).toEqual([expect.stringMatching(message) as string])
  })

  test('are never for what the caller asked for, nor for two rules at once', () => {
    const causes = Object.values(RETRIED_CAUSES).flat()

    expect(new Set(causes).size).toBe(causes.length)
    expect(causes).not.toContain('cancelled')
    expect(causes.every((cause) => causeSchema.options.includes(cause))).toBe(true)
  })
})

test.for<[unknown, boolean]>([
  [LIMITS.priorityMin, true],
  [LIMITS.priorityMax, true],
  [LIMITS.priorityMin - 1, false],
  [LIMITS.priorityMax + 1, false],
  [0.5, false],
  ['1', false],
])('a priority of %s is allowed: %s', ([value, isAllowed]) => {
  expect(prioritySchema.safeParse(value).success).toBe(isAllowed)
})
