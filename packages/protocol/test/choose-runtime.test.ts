import { describe, expect, test } from 'vitest'
import {
  chooseRuntime,
  findRuntimes,
  isKnownRuntime,
  runtimeRuleSchema,
  RUNTIMES,
  type Runtime,
} from '../src/index.js'

describe('a script’s runtime', () => {
  test.for<[string, Runtime]>([
    ['a.py', 'python'],
    ['a.js', 'node'],
    ['a.mjs', 'node'],
    ['a.cjs', 'node'],
    ['a.sh', 'bash'],
    ['a.bash', 'bash'],
    ['some.folder/a.b.py', 'python'],
  ])('%s without a shebang is %s', ([path, runtime]) => {
    expect(chooseRuntime(path, 'print(1)')).toBe(runtime)
  })

  test.for<[string, Runtime]>([
    ['#!/usr/bin/env python3', 'python'],
    ['#!/usr/bin/env python', 'python'],
    ['#!/usr/bin/python3.12', 'python3.12'],
    ['#!/usr/bin/env -S python3.11 -u', 'python3.11'],
    ['#! /usr/bin/env node', 'node'],
    ['#!/usr/bin/nodejs', 'node'],
    ['#!/bin/bash -e', 'bash'],
    ['#!/bin/sh', 'bash'],
    ['#!bash', 'bash'],
    ['#!/usr/bin/env python3\r', 'python'],
    ['#!/usr/local/bin/node24', 'node24'],
  ])('%j decides before the extension', ([firstLine, runtime]) => {
    expect(chooseRuntime('script', firstLine)).toBe(runtime)
    expect(chooseRuntime('script.rb', firstLine)).toBe(runtime)
  })

  test('an unknown shebang leaves it to the extension', () => {
    expect(chooseRuntime('a.py', '#!/usr/bin/env pypy3')).toBe('python')
  })

  test.for([
    ['a', ''],
    ['a.rb', ''],
    ['a.PYC', ''],
    ['py', ''],
    ['a.py/script', ''],
    ['a', '#!/usr/bin/perl'],
    ['a', '#!'],
    ['a', '#!/usr/bin/env -i'],
    ['a', '#!/usr/bin/env python3-dbg'],
    ['a', '#!constructor'],
    ['a', '# !/bin/bash'],
    ['a.constructor', ''],
  ])('%j with the first line %j is unknown', ([path, firstLine]) => {
    expect(chooseRuntime(path ?? '', firstLine ?? '')).toBeUndefined()
  })
})

describe('rules of runners', () => {
  const rule = (runtime: string, extensions: string[], programs: string[]) => ({
    runtime,
    extensions,
    programs,
  })
  const RULES = [
    rule('ruby3.3', ['.rb'], ['ruby']),
    rule('c++', ['.c++', '.cpp'], ['ts-node']),
    rule('perl5', ['.pl'], ['perl']),
    rule('perl6', ['.pl'], []),
    rule('perl5', ['.pl'], ['perl']),
  ]

  test.for<[string, string, string[]]>([
    ['a.rb', '', ['ruby3.3']],
    ['a', '#!/usr/bin/env ruby', ['ruby3.3']],
    ['a.rb', '#!/usr/bin/perl -w', ['perl5']],
    ['a.rb', '#!/usr/bin/env jruby', ['ruby3.3']],
    ['a.c++', '', ['c++']],
    ['a', '#!/usr/bin/env -S ts-node --esm', ['c++']],
    ['a.RB', '', []],
    ['a.py', '', []],
    ['a', '', []],
    ['a.pl', '', ['perl5', 'perl6']],
  ])('%s with the first line %j leads to %j', ([path, firstLine, runtimes]) => {
    expect(findRuntimes(path, firstLine, RULES)).toEqual(runtimes)
  })

  test.for([
    { extensions: ['rb'] },
    { extensions: ['.'] },
    { extensions: ['.tar.gz'] },
    { extensions: ['./x'] },
    { extensions: Array<string>(33).fill('.a') },
    { programs: ['/usr/bin/ruby'] },
    { programs: ['ruby -w'] },
    { programs: [''] },
    { programs: ['-x'] },
    { programs: ['a\n'] },
    { shebangs: [] },
  ])('are refused: %j', (rules) => {
    expect(runtimeRuleSchema.safeParse(rules).success).toBe(false)
  })
})

test('every known runtime is chosen by a shebang of its name', () => {
  for (const runtime of RUNTIMES) expect(chooseRuntime('a', `#!/usr/bin/env ${runtime}`)).toBe(runtime)
  expect(isKnownRuntime('ruby3.3')).toBe(false)
})
