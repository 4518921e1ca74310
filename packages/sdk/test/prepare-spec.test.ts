import { LIMITS } from '@rgrid/protocol'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { prepareSpec } from '../src/prepare-spec.js'
import type { RunOptions } from '../src/types.js'
import { createDirectory } from './temporary-directory.js'

const refusal = async (
  script: string,
  options: RunOptions = {},
  files: Record<string, string> = { 'main.py': 'print()' },
) => {
  const cwd = await createDirectory(files)
  return prepareSpec(script, { cwd, ...options })
}

describe('a request', () => {
  test('carries small files with their bytes', async () => {
    const { spec } = await refusal('main.py')

    expect(spec.files).toMatchObject([
      { path: 'main.py', size: 7, data: Buffer.from('print()').toString('base64') },
    ])
  })

  test('names a large file by its digest only', async () => {
    const cwd = await createDirectory({ 'main.py': 'x', big: 'x'.repeat(LIMITS.inlineFileBytes + 1) })

    const { spec } = await prepareSpec('main.py', { cwd, args: ['big'] })

    expect(spec.files[1]).toMatchObject({ path: 'big', size: LIMITS.inlineFileBytes + 1 })
    expect(spec.files[1]).not.toHaveProperty('data')
  })

  test.for([
    ['by its option', 'main.txt', { runtime: 'bash' }, 'bash'],
    ['by its shebang before its extension', 'node.py', {}, 'node'],
    ['by its extension', 'main.py', {}, 'python'],
  ] as const)('chooses the runtime %s', async ([, script, options, runtime]) => {
    const files = { 'main.txt': 'x', 'node.py': '#!/usr/bin/env node\n', 'main.py': 'x' }

    expect((await refusal(script, options, files)).spec.runtime).toBe(runtime)
  })
})

describe('a request is refused with one line that names', () => {
  test.for<[string, string, RunOptions, string | RegExp]>([
    ['a missing script', 'nope.py', {}, /^script: "nope.py" cannot be found \(ENOENT\)/],
    ['a directory as script', '.', {}, /^script: "." is a directory/],
    ['a device as script', '/dev/zero', {}, /^script: "\/dev\/zero" is not a regular file/],
    ['an empty script', 'empty.py', {}, /^script: "empty.py" is empty/],
    ['a script of white space', 'blank.py', {}, /^script: "blank.py" is empty/],
    ['a script over the limit', 'huge.py', {}, /^script: "huge.py" is over the limit of 1048576 bytes/],
    [
      'a script that nothing is known for',
      'data.csv',
      {},
      /^runtime: neither the name nor the first line of "data.csv"/,
    ],
    [
      'an unknown runtime',
      'main.py',
      { runtime: 'cobol' as 'bash' },
      /^runtime: "cobol" is not known: choose one of python,/,
    ],
    [
      'too many arguments',
      'main.py',
      { args: Array<string>(257).fill('x') },
      /^args: more than the limit of 256 arguments/,
    ],
    [
      'an argument over the limit',
      'main.py',
      { args: ['x'.repeat(122_881)] },
      /^args\.0: is over the limit of 122880 bytes/,
    ],
    ['a NUL in an argument', 'main.py', { args: ['a\0b'] }, /^args\.0: has a NUL character/],
    ['a NUL in a value', 'main.py', { env: { A: '\0' } }, /^env\.A: has a NUL character/],
    ['an environment name with =', 'main.py', { env: { 'A=B': '' } }, /^env\.A=B: /],
    ['an empty environment name', 'main.py', { env: { '': 'x' } }, /^env/],
    ['an environment name of RGrid', 'main.py', { env: { RGRID_X: '' } }, /^env\.RGRID_X: /],
    ['a timeout of zero', 'main.py', { timeoutMs: 0 }, /^timeoutMs: /],
    [
      'a timeout over the limit',
      'main.py',
      { timeoutMs: 86_400_001 },
      /^timeoutMs: over the limit of 86400000 ms/,
    ],
  ])('%s', async ([, script, options, message]) => {
    const files = {
      'main.py': 'x',
      'empty.py': '',
      'blank.py': ' \n',
      'huge.py': 'x'.repeat(LIMITS.scriptBytes + 1),
      'data.csv': '1',
    }

    await expect(refusal(script, options, files)).rejects.toThrow(message)
  })

  test.for<[string, unknown, object, RegExp]>([
    ['a script that is no path', 5, {}, /^script: must be the path of a file/],
    ['no script', undefined, {}, /^script: must be the path of a file/],
    ['arguments that are one text', 'main.py', { args: 'abc' }, /^args: must be an array of texts/],
    ['an argument that is a number', 'main.py', { args: [1] }, /^args\.0: must be text/],
    ['a variable that is a number', 'main.py', { env: { A: 1 } }, /^env\.A: must be text/],
    [
      'a timeout that is no number',
      'main.py',
      { timeoutMs: '5s' },
      /^timeoutMs: must be a number of milliseconds/,
    ],
    ['an option that does not exist', 'main.py', { timeout: 5 }, /^options: .*"timeout"/],
  ])('%s, also without types', async ([, script, options, message]) => {
    await expect(refusal(script as string, options)).rejects.toThrow(message)
  })

  test('a FIFO as script, without waiting for it', async () => {
    const cwd = await createDirectory()
    execFileSync('mkfifo', [join(cwd, 'fifo.py')])

    await expect(prepareSpec('fifo.py', { cwd })).rejects.toThrow('is not a regular file')
  })
})
