import { describe, expect, test } from 'vitest'
import { chooseRuntime, type Runtime } from '../src/index.js'

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
    ['a', '# !/bin/bash'],
    ['a.constructor', ''],
  ])('%j with the first line %j is unknown', ([path, firstLine]) => {
    expect(chooseRuntime(path ?? '', firstLine ?? '')).toBeUndefined()
  })
})
