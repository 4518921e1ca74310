import { describe, expect, test } from 'vitest'
import { matchesPattern } from '../src/match-pattern.js'

describe('a pattern', () => {
  test.for<[string, string]>([
    ['*', ''],
    ['*', 'ghcr.io/me/tool:1'],
    ['python', 'python'],
    ['python:*', 'python:3.12'],
    ['python:*', 'python:'],
    ['*/me/*', 'ghcr.io/me/tool'],
    ['a*b*c', 'abc'],
    ['a*b*c', 'axxbxxbxxc'],
    ['*a*a', 'aa'],
    ['a**a', 'aa'],
  ])('%j matches %j', ([pattern, text]) => {
    expect(matchesPattern(pattern, text)).toBe(true)
  })

  test.for<[string, string]>([
    ['', 'a'],
    ['python', 'python:3'],
    ['python', 'xpython'],
    ['python:*', 'evil/python:3'],
    ['*:3', 'python:3.12'],
    ['a*b', 'axbx'],
    ['ab*ba', 'aba'],
    ['*a*a', 'a'],
    ['a*bb*c', 'abc'],
    ['a*b*bc', 'abc'],
    ['a*bb*bb*c', 'abbbc'],
    ['PYTHON', 'python'],
    ['p.thon', 'python'],
    ['p?thon', 'python'],
    ['[p]ython', 'python'],
  ])('%j does not match %j', ([pattern, text]) => {
    expect(matchesPattern(pattern, text)).toBe(false)
  })

  test('of many stars takes no time', () => {
    const began = performance.now()

    expect(matchesPattern('*a'.repeat(250) + '*b*', 'a'.repeat(500))).toBe(false)

    expect(performance.now() - began).toBeLessThan(1_000)
  })
})
