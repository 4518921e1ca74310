import { expect, it } from 'vitest'
import { matchesPattern } from '../../../../src/executors/docker/images/matches-pattern.js'

it.for([
  ['*', 'python:3.12'],
  ['python', 'python'],
  ['python:*', 'python:3.12-slim'],
  ['python:*', 'python:'],
  ['*/tools:*-slim', 'ghcr.io/mine/tools:1-slim'],
  ['a*a', 'aa'],
  ['*a*b*', 'xaxbx'],
] as const)('%s matches %s', ([pattern, name]) => {
  expect(matchesPattern(pattern, name)).toBe(true)
})

it.for([
  ['', 'python'],
  ['python', 'python:3'],
  ['python:*', 'mypython:3'],
  ['a*a', 'a'],
  ['*b*a*', 'ab'],
  ['pyth.n', 'python'],
] as const)('%s does not match %s', ([pattern, name]) => {
  expect(matchesPattern(pattern, name)).toBe(false)
})

it('is not kept busy by many stars', () => {
  const since = performance.now()

  expect(matchesPattern(`${'*a'.repeat(200)}*b`, 'a'.repeat(500))).toBe(false)
  expect(performance.now() - since).toBeLessThan(1_000)
})
