import { describe, expect, expectTypeOf, test } from 'vitest'
import { compareRuntimes, RUNTIMES, runtimeSchema, type Runtime } from '../src/index.js'

describe('the name of a runtime', () => {
  test.for([...RUNTIMES, 'ruby3.3', 'r', 'c++', 'deno_2-beta', 'a'.repeat(64)])('%j is one', (name) => {
    expect(runtimeSchema.parse(name)).toBe(name)
  })

  test.for([
    '',
    'PYTHON:3.11',
    'Python',
    'python:3.11\nRUN curl x',
    'python\n',
    '3python',
    '-x',
    '.',
    '../x',
    'a/b',
    'a b',
    'é',
    '__proto__',
    'a'.repeat(65),
  ])('%j is none, and the message says why', (name) => {
    const { error } = runtimeSchema.safeParse(name)

    expect(error?.issues.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^is not the name of a runtime, .* such as python3\.12$/),
    ])
  })

  test('is any text to a program, which still knows some', () => {
    expectTypeOf<'ruby3.3'>().toExtend<Runtime>()
    expectTypeOf<5>().not.toExtend<Runtime>()
  })
})

test('runtimes are ordered as they are known, and others behind them by name', () => {
  const names = ['ruby3.10', 'bash', 'constructor', 'node24', 'ruby3.9', 'python']

  expect(names.sort(compareRuntimes)).toEqual([
    'python',
    'node24',
    'bash',
    'constructor',
    'ruby3.9',
    'ruby3.10',
  ])
})
