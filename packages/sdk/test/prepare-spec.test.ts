import { LIMITS } from '@rgrid/protocol'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { prepareSpec } from '../src/prepare-spec.js'
import type { RunOptions } from '../src/run-options.js'
import { createRuntimeRecord } from './runtime-record.js'
import { createDirectory } from './temporary-directory.js'

const refusal = async (
  script: string,
  options: RunOptions = {},
  files: Record<string, string> = { 'main.py': 'print()' },
) => {
  const cwd = await createDirectory(files)
  return prepareSpec(script, options === null ? options : { cwd, ...options }, async () => [])
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

    const { spec } = await prepareSpec('main.py', { cwd, args: ['big'] }, async () => [])

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

describe('what is tried again', () => {
  test.for<[RunOptions, object]>([
    [
      { retries: 3, priority: -5 },
      { retries: { exit: 3 }, priority: -5 },
    ],
    [
      { retries: { lost: 2, exit: { codes: [75], times: 1 } } },
      { retries: { lost: 2, exit: { codes: [75], times: 1 } } },
    ],
  ])('is taken over from %j', async ([options, spec]) => {
    expect((await refusal('main.py', options)).spec).toMatchObject(spec)
  })

  test('is left out where nobody asks for it', async () => {
    const { spec } = await refusal('main.py')

    expect(spec).not.toHaveProperty('retries')
    expect(spec).not.toHaveProperty('priority')
  })

  test.for<[object, RegExp]>([
    [{ cache: 'yes' }, /^cache: must be true, false or \{ failures, network \}$/],
    [{ cache: { forever: true } }, /^cache: Unrecognized key: "forever"$/],
    [{ retries: 11 }, /^retries\.exit: must be .* from 0 to 10$/],
    [{ retries: 'often' }, /^retries: /],
    [{ retries: { cancelled: 1 } }, /^retries: "cancelled" is not tried again/],
    [{ retries: { lost: -1 } }, /^retries\.lost: must be a whole number of times/],
    [{ priority: 101 }, /^priority: must be from -100 to 100$/],
  ])('is refused with its name: %j', async ([options, message]) => {
    await expect(refusal('main.py', options)).rejects.toThrow(message)
  })
})

test('packages are looked for where the runtime of a runner has an installer for them', async () => {
  const cwd = await createDirectory({ 'train.ml': 'x', 'requirements.txt': 'rich' })
  const prepare = async (installer: string | null) => {
    const record = createRuntimeRecord({ runtime: 'ml', installer, extensions: ['.ml'] })
    return (await prepareSpec('train.ml', { cwd }, async () => [record])).spec
  }

  expect(await prepare('pip')).toMatchObject({
    runtime: 'ml',
    dependencies: { kind: 'requirements', path: 'requirements.txt' },
  })
  expect((await prepare(null)).dependencies).toBeUndefined()
})

describe('what a script may use', () => {
  test('is what the caller asks for, and nothing else is said', async () => {
    const asked = { image: 'me/tools:1', network: 'bridge', isolation: 'shared' } as const
    const resources = { cpus: 0.5, memoryMib: 64, pids: 8, diskMib: 100 }

    expect((await refusal('main.py', { ...asked, ...resources })).spec).toMatchObject({ ...asked, resources })
    expect((await refusal('main.py', { cpus: 1 })).spec).toMatchObject({ resources: { cpus: 1 } })
  })

  test('is left to the runner', async () => {
    const { spec } = await refusal('main.py')

    expect(spec.resources).toEqual({})
    expect(spec.isolation).toBe('execution')
    expect([spec.image, spec.network]).toEqual([undefined, undefined])
  })
})

describe('dependencies', () => {
  const files = { 'main.py': 'x', 'requirements.txt': 'rich\n' }

  test('are named, and their files travel', async () => {
    const { spec, sources } = await refusal('main.py', {}, files)

    expect(spec.dependencies).toEqual({ kind: 'requirements', path: 'requirements.txt' })
    expect(spec.files.map(({ path }) => path)).toEqual(['main.py', 'requirements.txt'])
    expect(sources).toHaveLength(2)
  })

  test('travel once when an argument names them too', async () => {
    const { spec, sources } = await refusal('main.py', { args: ['requirements.txt'] }, files)

    expect(spec.files.map(({ path }) => path)).toEqual(['main.py', 'requirements.txt'])
    expect(sources[1]?.reason).toEqual({ kind: 'argument', index: 0 })
  })

  test('stay at home when they are turned off', async () => {
    const { spec } = await refusal('main.py', { dependencies: false }, files)

    expect([spec.dependencies, spec.files.map(({ path }) => path)]).toEqual([undefined, ['main.py']])
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
      'a runtime that is no name',
      'main.py',
      { runtime: 'PYTHON:3.11' },
      /^runtime: "PYTHON:3.11" is not the name of a runtime, .* such as python3.12$/,
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
    ['too many CPUs', 'main.py', { cpus: 2000 }, /^cpus: 2000 is not a number of CPUs from 0\.1 to 1024$/],
    ['CPUs that are no number', 'main.py', { cpus: '2' }, /^cpus: '2' is not a number of CPUs/],
    [
      'too little memory',
      'main.py',
      { memoryMib: 5 },
      /^memoryMib: 5 is not a whole number of MiB from 6 to 4194304$/,
    ],
    ['half a MiB', 'main.py', { memoryMib: 64.5 }, /^memoryMib: 64\.5 is not a whole number of MiB/],
    ['no processes', 'main.py', { pids: 0 }, /^pids: 0 is not a whole number of processes from 1 to 32768$/],
    [
      'a disk of nothing',
      'main.py',
      { diskMib: NaN },
      /^diskMib: NaN is not a whole number of MiB from 1 to/,
    ],
    ['an unknown network', 'main.py', { network: 'host' }, /^network: 'host' is not one of none, bridge$/],
    ['no isolation', 'main.py', { isolation: 'none' }, /^isolation: 'none' is not one of execution, shared$/],
    ['an image that is no name', 'main.py', { image: 'A B' }, /^image: 'A B' is not the name of an image/],
    ['a switch that is text', 'main.py', { dependencies: 'no' }, /^dependencies: must be true or false$/],
    ['requirements that are no path', 'main.py', { requirements: true }, /^requirements: must be the path/],
    ['options that are none', 'main.py', null as unknown as object, /^options: null is not an object/],
    ['a signal that is none', 'main.py', { signal: 'x' }, /^signal: must be an AbortSignal$/],
    ['an option that does not exist', 'main.py', { timeout: 5 }, /^options: .*"timeout"/],
  ])('%s, also without types', async ([, script, options, message]) => {
    await expect(refusal(script as string, options)).rejects.toThrow(message)
  })

  test('a FIFO as script, without waiting for it', async () => {
    const cwd = await createDirectory()
    execFileSync('mkfifo', [join(cwd, 'fifo.py')])

    await expect(prepareSpec('fifo.py', { cwd }, async () => [])).rejects.toThrow('is not a regular file')
  })
})
