import { describe, expect, test } from 'vitest'
import { findPathFault, LIMITS, pathSchema } from '../src/index.js'

const part = (bytes: number): string => 'x'.repeat(bytes)
const parts = (count: number): string => Array.from({ length: count }, () => 'x').join('/')

describe('paths in a workspace', () => {
  test.for([
    'a',
    'a/b.txt',
    '.hidden',
    '...',
    'a..b',
    '-rf',
    ' ',
    'a b',
    'ünï/😀.txt',
    'C:',
    '~',
    part(LIMITS.pathPartBytes),
    parts(LIMITS.pathParts),
    `${part(255)}/${part(255)}/`.slice(0, -1),
  ])('%j is fine', (path) => {
    expect(findPathFault(path)).toBeUndefined()
    expect(pathSchema.safeParse(path).success).toBe(true)
  })

  test.for<[string, string]>([
    ['', 'empty'],
    ['/etc/passwd', 'absolute'],
    ['../a', '".."'],
    ['a/../b', '".."'],
    ['a/..', '".."'],
    ['./a', '"."'],
    ['a//b', 'empty'],
    ['a/', 'empty'],
    ['.', '"."'],
    ['a\\b', 'backslash'],
    ['..\\a', 'backslash'],
    ['a\0', 'control'],
    ['a\nb', 'control'],
    ['\u001b[31m', 'control'],
    ['\u007f', 'control'],
    ['\ud800', 'Unicode'],
    [part(LIMITS.pathPartBytes + 1), `${LIMITS.pathPartBytes}`],
    ['ü'.repeat(128), `${LIMITS.pathPartBytes}`],
    [parts(LIMITS.pathParts + 1), `${LIMITS.pathParts}`],
    [`${part(255)}/${part(255)}/x`, `${LIMITS.pathBytes}`],
  ])('%j is refused', ([path, word]) => {
    expect(findPathFault(path)).toContain(word)
    expect(pathSchema.safeParse(path).success).toBe(false)
  })
})
