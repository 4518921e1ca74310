import { RGridError, type RuntimeRecord } from '@rgrid/protocol'
import { describe, expect, test, vi } from 'vitest'
import { pickRuntime } from '../src/pick-runtime.js'
import { createRuntimeRecord } from './runtime-record.js'

const RUBY = createRuntimeRecord({ extensions: ['.rb'], programs: ['ruby'] })
const OFFERED = [
  createRuntimeRecord({ runtime: 'python', installer: 'pip', extensions: ['.py'] }),
  RUBY,
  { ...RUBY, executor: 'process' as const },
  createRuntimeRecord({ runtime: 'ml', installer: null }),
  createRuntimeRecord({ runtime: 'ml', installer: 'pip' }),
  createRuntimeRecord({ runtime: 'perl5', extensions: ['.pl'] }),
  createRuntimeRecord({ runtime: 'perl4', extensions: ['.pl'] }),
]

function setUp(script: string, text: string, asked?: string, offered: readonly RuntimeRecord[] = OFFERED) {
  const listRuntimes = vi.fn(async () => offered)
  return { listRuntimes, picked: pickRuntime({ script, text, asked, listRuntimes }) }
}

describe('without a question to the server', () => {
  test.for<[string, string, string | undefined, string, string | null]>([
    ['a.py', '', undefined, 'python', 'pip'],
    ['a.py', '#!/usr/bin/env -S uv run', undefined, 'python', 'pip'],
    ['a', '#!/bin/sh\necho', undefined, 'bash', null],
    ['a.rb', '#!/usr/bin/env node', undefined, 'node', 'npm'],
    ['a.rb', '', 'python3.12', 'python3.12', 'pip'],
  ])('%s with %j and the option %s runs on %s', async ([script, text, asked, runtime, installer]) => {
    const { picked, listRuntimes } = setUp(script, text, asked)

    expect(await picked).toEqual({ runtime, installer })
    expect(listRuntimes).not.toHaveBeenCalled()
  })
})

describe('with one question to the server', () => {
  test.for<[string, string, string | undefined, string, string | null]>([
    ['a.rb', '', undefined, 'ruby3.3', null],
    ['a', '#!/usr/bin/env ruby', undefined, 'ruby3.3', null],
    ['a.py', '', 'ruby3.3', 'ruby3.3', null],
    ['a.py', '', 'ml', 'ml', 'pip'],
    // Whether somebody knows it is for the server to say.
    ['a.rb', '', 'cobol', 'cobol', null],
    ['a.rb', '', 'python3.9', 'python3.9', 'pip'],
  ])('%s with %j and the option %s runs on %s', async ([script, text, asked, runtime, installer]) => {
    const { picked, listRuntimes } = setUp(script, text, asked)

    expect(await picked).toEqual({ runtime, installer })
    expect(listRuntimes).toHaveBeenCalledTimes(1)
  })
})

describe('is refused', () => {
  test.for<[string, string, string | undefined, RegExp]>([
    [
      'of no known kind',
      'a.csv',
      undefined,
      /^runtime: neither the name nor the first line of "a\.csv" says .* one of python, ruby3\.3, ml, perl5, perl4$/,
    ],
    [
      'that may be of two kinds',
      'a.pl',
      undefined,
      /^runtime: "a\.pl" may be run by any of perl5, perl4: choose one/,
    ],
    ['with an empty name', 'a.py', '', /^runtime: "" is not the name of a runtime/],
    [
      'with a name in capitals',
      'a.py',
      'Python',
      /^runtime: "Python" is not the name of a runtime, .*lowercase/,
    ],
    [
      'with more than a name',
      'a.py',
      'python:3.11\nRUN curl x',
      /^runtime: "python:3\.11\\nRUN curl x" is not/,
    ],
  ])('a script %s', async ([, script, asked, message]) => {
    const { picked } = setUp(script, '', asked)
    const error: unknown = await picked.catch((reason: unknown) => reason)

    expect(error).toBeInstanceOf(RGridError)
    expect(error).toMatchObject({
      code: 'unknown_runtime',
      message: expect.stringMatching(message) as string,
    })
  })

  test('a script of no known kind with what every RGrid knows, where no runner is there', async () => {
    await expect(setUp('a.csv', '', undefined, []).picked).rejects.toThrow(/choose one of python, .*, bash$/)
  })

  test('a script by what the question fails with', async () => {
    const listRuntimes = () => Promise.reject(new RGridError('unreachable', 'no answer'))

    const picked = pickRuntime({ script: 'a.rb', text: '', asked: undefined, listRuntimes })

    await expect(picked).rejects.toThrow('no answer')
  })
})
