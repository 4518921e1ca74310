import { describe, expect, test } from 'vitest'
import { createPathFilter, LIMITS, patternsSchema, specSchema } from '../src/index.js'

const takes = (pattern: string, path: string): boolean => createPathFilter([pattern]).takes(path)
const faultOf = (...patterns: string[]): string | undefined =>
  patternsSchema.safeParse(patterns).error?.issues[0]?.message

describe('a pattern of paths', () => {
  test.for([
    ['*.csv', 'a.csv'],
    ['*.csv', '.csv'],
    ['*', '.hidden'],
    ['a?c', 'a\u{1F600}c'],
    ['**', 'a/b/c'],
    ['**/*.csv', 'a.csv'],
    ['**/*.csv', 'a/b/c.csv'],
    ['a/**/b', 'a/b'],
    ['a/**/b', 'a/x/b/y/b'],
    ['out', 'out/deep/file'],
    ['out/', 'out/deep/file'],
    ['./out', 'out'],
    ['out/**', 'out/deep/file'],
    ['out/v[0-9]', 'out/v7/file'],
    ['[!a-c]x', 'dx'],
    ['[]]', ']'],
    ['[', '['],
    ['{a,b{c,d}}.txt', 'bd.txt'],
    ['{out,tmp/x}/*.log', 'tmp/x/a.log'],
    ['{a}', '{a}'],
    ['{a,b', '{a,b'],
    ['\\*', '*'],
    ['\\!a', '!a'],
    ['naïve*', 'naïve.txt'],
  ] as const)('%j takes %j', ([pattern, path]) => {
    expect(takes(pattern, path)).toBe(true)
  })

  test.for([
    ['*.csv', 'a/b.csv'],
    ['*.csv', 'A.CSV'],
    ['a?c', 'ac'],
    ['out/*', 'out/deep/file'],
    ['out', 'output'],
    ['**/b', 'a/bc'],
    ['[!a-c]x', 'ax'],
    ['{a,b}', 'c'],
    ['\\*', 'a'],
  ] as const)('%j leaves %j', ([pattern, path]) => {
    expect(takes(pattern, path)).toBe(false)
  })

  test('of many wildcards is quick over a long name that it does not match', () => {
    expect(takes(`${'*a'.repeat(100)}*b`, 'a'.repeat(255))).toBe(false)
    expect(takes(`${'**/a/'.repeat(20)}b`, Array(32).fill('a').join('/'))).toBe(false)
  })

  test.for([
    ['', 'is empty'],
    ['!', 'is empty'],
    ['/etc/*', 'is absolute'],
    ['../x', 'has a "." or ".." part'],
    ['a\nb', 'has a control character'],
    ['x'.repeat(LIMITS.patternBytes + 1), `is over the limit of ${LIMITS.patternBytes} bytes`],
  ] as const)('%j is refused, and it is said why', ([pattern, fault]) => {
    expect(faultOf(pattern)).toContain(fault)
  })

  test('is refused where braces make too many of it, without writing them out', () => {
    expect(faultOf('{a,b}'.repeat(100))).toContain(`more than the limit of ${LIMITS.patternChoices}`)
    expect(faultOf('{a,b}'.repeat(8))).toBeUndefined()
  })

  test('is one of a limited number, and not of none', () => {
    expect(faultOf(...Array<string>(LIMITS.patterns + 1).fill('x'))).toContain(
      `the limit of ${LIMITS.patterns} patterns`,
    )
    expect(faultOf()).toContain('is empty: leave it out')
  })
})

describe('a filter of paths', () => {
  test('takes what a pattern matches and none with ! does, in whatever order they come', () => {
    const filter = createPathFilter(['!out/*.tmp', 'out/**', 'log.txt'])

    expect(['out/a', 'out/a.tmp', 'log.txt', 'other'].filter((path) => filter.takes(path))).toEqual([
      'out/a',
      'log.txt',
    ])
  })

  test('takes everything else where all patterns begin with !', () => {
    const filter = createPathFilter(['!cache', '!**/*.tmp'])

    expect(['a', 'cache/x', 'b/c.tmp', 'b/c'].filter((path) => filter.takes(path))).toEqual(['a', 'b/c'])
  })

  test('names the patterns that matched nothing, but not those with !', () => {
    const filter = createPathFilter(['*.csv', '*.{png,svg}', 'never', '!nor-this'])
    for (const path of ['a.csv', 'b.svg', 'c.txt']) filter.takes(path)

    expect(filter.listUnmatched()).toEqual(['never'])
  })
})

describe('a spec', () => {
  const spec = {
    script: 'a.py',
    runtime: 'python',
    files: [{ path: 'a.py', sha256: '0'.repeat(64), size: 0 }],
  }

  test('names the pattern of outputs that is wrong', () => {
    const { error } = specSchema.safeParse({ ...spec, outputs: ['fine', '/etc'] })

    expect(error?.issues[0]).toMatchObject({ path: ['outputs', 1] })
  })

  test('without outputs has no trace of them, so that it hashes as before', () => {
    expect(Object.keys(specSchema.parse(spec))).not.toContain('outputs')
  })
})
