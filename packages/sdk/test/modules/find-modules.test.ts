import { LIMITS } from '@rgrid/protocol'
import { execFileSync } from 'node:child_process'
import { mkdir, symlink, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { hashFiles } from '../../src/files/hash-files.js'
import { collectSpec } from '../../src/prepare-spec.js'
import type { RunOptions } from '../../src/run-options.js'
import { createRuntimeRecord } from '../runtime-record.js'
import { createDirectory } from '../temporary-directory.js'

const prepare = (cwd: string, script: string, options: RunOptions = {}) =>
  collectSpec(script, { cwd, ...options }, async () => [
    createRuntimeRecord({ runtime: 'ml', installer: 'pip', extensions: ['.ml'] }),
  ])

const listPaths = async (cwd: string, script: string, options?: RunOptions): Promise<string[]> =>
  (await prepare(cwd, script, options)).sources.map(({ path }) => path)

describe('local modules', () => {
  test('travel with the one and the line that ask for them first', async () => {
    const files = {
      'src/main.py': 'import sys\n\nimport a',
      'src/a.py': '\nimport p.b',
      'src/p/b.py': 'import a',
    }
    const cwd = await createDirectory({ ...files, 'src/p/__init__.py': '' })

    const { sources } = await prepare(cwd, 'src/main.py')

    expect(sources.map(({ path, reason }) => [path, reason])).toEqual([
      ['src/main.py', { kind: 'script' }],
      ['src/a.py', { kind: 'import', by: 'src/main.py', line: 3 }],
      ['src/p/__init__.py', { kind: 'import', by: 'src/a.py', line: 2 }],
      ['src/p/b.py', { kind: 'import', by: 'src/a.py', line: 2 }],
    ])
  })

  test('stay with detection turned off', async () => {
    const cwd = await createDirectory({ 'main.py': 'import a', 'a.py': '' })

    expect(await listPaths(cwd, 'main.py', { upload: false })).toEqual(['main.py'])
  })

  test('travel once when an argument names them, for that reason', async () => {
    const cwd = await createDirectory({ 'main.py': 'import a', 'a.py': '' })

    const { sources } = await prepare(cwd, 'main.py', { args: ['a.py'] })

    expect(sources.map(({ path, reason }) => [path, reason.kind])).toEqual([
      ['main.py', 'script'],
      ['a.py', 'argument'],
    ])
  })

  test('are found for a runtime of a runner by what installs its packages', async () => {
    const cwd = await createDirectory({ 'train.ml': 'import a', 'a.py': '' })

    expect(await listPaths(cwd, 'train.ml')).toEqual(['train.ml', 'a.py'])
  })

  test('are taken whatever a package of the same name would be', async () => {
    const cwd = await createDirectory({
      'main.py': 'import requests',
      'requests.py': '',
      'requirements.txt': 'requests',
    })

    expect(await listPaths(cwd, 'main.py')).toEqual(['main.py', 'requests.py', 'requirements.txt'])
  })

  test('are not looked for in node_modules', async () => {
    const cwd = await createDirectory({
      'main.cjs': 'require("pad"); require("./node_modules/pad"); require("./a")',
      'a.js': '',
      'node_modules/pad/index.js': '',
    })

    expect(await listPaths(cwd, 'main.cjs')).toEqual(['main.cjs', 'a.js'])
  })

  test('in TypeScript are found as its loaders find them', async () => {
    const cwd = await createDirectory({
      'main.ts': 'import "./a.js"; import "./b"; import "./c"; import type { T } from "./types.js"',
      'a.ts': '',
      'b.mts': '',
      'c/index.ts': '',
      'types.ts': '',
    })

    expect(await listPaths(cwd, 'main.ts', { runtime: 'node24' })).toEqual([
      'main.ts',
      'a.ts',
      'b.mts',
      'c/index.ts',
    ])
  })

  test('that are FIFOs, folders or cannot be read are none', async () => {
    const cwd = await createDirectory({ 'main.py': 'import fifo, folder, zero' })
    execFileSync('mkfifo', [join(cwd, 'fifo.py')])
    await mkdir(join(cwd, 'folder.py'))
    await symlink('/dev/zero', join(cwd, 'zero.py'))

    expect(await listPaths(cwd, 'main.py')).toEqual(['main.py'])
  })

  test('over the limit are not read for more of them', async () => {
    const cwd = await createDirectory({
      'main.py': 'import big, fit',
      'big.py': 'import a\n',
      'fit.py': 'import b\n',
      'a.py': '',
      'b.py': '',
    })
    await truncate(join(cwd, 'big.py'), LIMITS.moduleBytes + 1)
    await truncate(join(cwd, 'fit.py'), LIMITS.moduleBytes)

    expect(await listPaths(cwd, 'main.py')).toEqual(['main.py', 'big.py', 'fit.py', 'b.py'])
  })

  test('with a path that cannot travel are refused by name', async () => {
    const cwd = await createDirectory({ 'main.mjs': 'import "./a%0Ab.mjs"', 'a\nb.mjs': '' })

    await expect(prepare(cwd, 'main.mjs')).rejects.toThrow(
      /^script: it imports "a\\nb.mjs", which has a control character$/,
    )
  })
})

describe('where a script is a link', () => {
  test('what is beside the place that it leads to comes beside it, for Python and Node', async () => {
    const cwd = await createDirectory({
      'x/real.py': 'import a',
      'x/a.py': '',
      'x/real.mjs': 'import "./b.mjs"',
      'x/b.mjs': '',
    })
    await symlink('x/real.py', join(cwd, 'run.py'))
    await symlink('x/real.mjs', join(cwd, 'run.mjs'))

    expect(await listPaths(cwd, 'run.py')).toEqual(['run.py', 'a.py'])
    expect(await listPaths(cwd, 'run.mjs')).toEqual(['run.mjs', 'b.mjs'])
  })

  test('a module of Node that is one finds its own beside its place', async () => {
    const cwd = await createDirectory({
      'main.mjs': 'import "./lib/a.mjs"',
      'shared/a.mjs': 'import "./b.mjs"',
      'shared/b.mjs': '',
    })
    await mkdir(join(cwd, 'lib'))
    await symlink('../shared/a.mjs', join(cwd, 'lib', 'a.mjs'))

    const { sources } = await prepare(cwd, 'main.mjs')

    expect(sources.slice(1).map(({ path, source }) => [path, source])).toEqual([
      ['lib/a.mjs', join(cwd, 'shared', 'a.mjs')],
      ['lib/b.mjs', join(cwd, 'shared', 'b.mjs')],
    ])
  })
})

describe('outside of the current directory', () => {
  test('a script keeps its modules beside it, and its arguments theirs', async () => {
    const cwd = await createDirectory()
    const tool = await createDirectory({
      'tool.py': 'import p.a',
      'p/__init__.py': '',
      'p/a.py': '',
      data: '1',
    })

    const { sources, known, finish } = await prepare(cwd, join(tool, 'tool.py'), {
      args: [join(tool, 'data')],
    })
    const spec = finish((await hashFiles(sources, { known })).files)

    expect([spec.script, ...spec.args]).toEqual(['.rgrid/inputs/0/tool.py', '.rgrid/inputs/1/data'])
    expect(spec.files.map(({ path }) => path)).toEqual([
      '.rgrid/inputs/0/tool.py',
      '.rgrid/inputs/1/data',
      '.rgrid/inputs/0/p/__init__.py',
      '.rgrid/inputs/0/p/a.py',
    ])
  })

  test('a script keeps as many folders as its modules are above it', async () => {
    const cwd = await createDirectory()
    const tool = await createDirectory({
      'x/bin/tool.mjs': 'import "../lib/a.mjs"',
      'x/lib/a.mjs': 'import "./b.mjs"',
      'x/lib/b.mjs': '',
    })

    expect(await listPaths(cwd, join(tool, 'x/bin/tool.mjs'))).toEqual([
      '.rgrid/inputs/0/bin/tool.mjs',
      '.rgrid/inputs/0/lib/a.mjs',
      '.rgrid/inputs/0/lib/b.mjs',
    ])
  })

  test('what a script within it imports stays, and is told', async () => {
    const root = await createDirectory({
      'src/main.mjs': 'import "./a.mjs"\nimport "../b.mjs"',
      'src/a.mjs': '',
      'b.mjs': '',
    })

    const { sources, left } = await prepare(join(root, 'src'), 'main.mjs')

    expect(sources.map(({ path }) => path)).toEqual(['main.mjs', 'a.mjs'])
    expect(left).toEqual([
      { path: '../b.mjs', source: join(root, 'b.mjs'), reason: { kind: 'import', by: 'main.mjs', line: 2 } },
    ])
  })
})

test('files that a bash script sources travel, from the current directory or its own', async () => {
  const cwd = await createDirectory({
    'bin/main.sh':
      'set -e\n. ./env.sh\n[ -f x ] || source "lib/a.sh"; source "$(dirname "$0")/b.sh"\n# . ./no.sh\necho . ./no.sh\nsource "$HOME/no.sh"; . ./missing.sh',
    'env.sh': '',
    'lib/a.sh': 'if true; then . "$(dirname "${BASH_SOURCE[0]}")/c.sh"; fi',
    'lib/c.sh': '',
    'bin/b.sh': '',
    'no.sh': '',
  })

  expect(await listPaths(cwd, 'bin/main.sh')).toEqual([
    'bin/main.sh',
    'env.sh',
    'lib/a.sh',
    'bin/b.sh',
    'lib/c.sh',
  ])
})
