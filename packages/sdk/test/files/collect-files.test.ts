import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { collectFiles } from '../../src/files/collect-files.js'
import { createDirectory } from '../temporary-directory.js'

const collect = async (cwd: string, args: string[], { script = 'main.py', upload = true } = {}) => {
  const { files, ...rest } = await collectFiles(cwd, script, args, upload)
  return { ...rest, paths: files.map(({ path }) => path) }
}

describe('what travels with a script', () => {
  test('is the script and each argument that names a file, at its place', async () => {
    const cwd = await createDirectory({ 'main.py': 'x', 'data/a.csv': 'a' })

    const found = await collect(cwd, ['data/a.csv', '--fast', 'missing.csv'])

    expect(found).toEqual({
      script: 'main.py',
      args: ['data/a.csv', '--fast', 'missing.csv'],
      rewrites: [],
      paths: ['main.py', 'data/a.csv'],
      folders: [],
      links: [],
    })
  })

  test('says why each file is there, and the script comes first', async () => {
    const cwd = await createDirectory({ 'main.py': 'x', 'in/a': '1', b: '2' })

    const { files } = await collectFiles(cwd, 'main.py', ['main.py', 'in', 'b', 'in/a'], true)

    expect(files.map(({ path, reason }) => [path, reason])).toEqual([
      ['main.py', { kind: 'script' }],
      ['in/a', { kind: 'argument', index: 1 }],
      ['b', { kind: 'argument', index: 2 }],
    ])
  })

  test('keeps an argument as it was written where it means the same', async () => {
    const cwd = await createDirectory({ 'main.py': 'x', 'a.csv': 'a' })

    expect((await collect(cwd, ['./a.csv'])).args).toEqual(['./a.csv'])
  })

  test('rewrites an absolute path and shows both', async () => {
    const cwd = await createDirectory({ 'main.py': 'x', 'sub/a.csv': 'a' })
    const from = join(cwd, 'sub', 'a.csv')

    const { args, rewrites, paths } = await collect(cwd, ['x', from])

    expect([args, rewrites, paths]).toEqual([
      ['x', 'sub/a.csv'],
      [{ index: 1, from }],
      ['main.py', 'sub/a.csv'],
    ])
  })

  test('rewrites a path that leaves the directory and comes back', async () => {
    const cwd = await createDirectory({ 'main.py': 'x', 'sub/a.csv': 'a' })

    expect((await collect(cwd, ['none/../sub/a.csv'])).args).toEqual(['sub/a.csv'])
  })

  test('places files from elsewhere under .rgrid/inputs, without collisions', async () => {
    const cwd = await createDirectory({ 'main.py': 'x' })
    const one = await createDirectory({ 'a.csv': '1' })
    const two = await createDirectory({ 'a.csv': '2' })

    const { args, paths } = await collect(cwd, [join(one, 'a.csv'), join(two, 'a.csv')])

    expect(args).toEqual(['.rgrid/inputs/0/a.csv', '.rgrid/inputs/1/a.csv'])
    expect(paths).toEqual(['main.py', ...args])
  })

  test('places a script from elsewhere the same way', async () => {
    const cwd = await createDirectory()
    const elsewhere = await createDirectory({ 'tool.py': 'x' })

    expect((await collect(cwd, [], { script: join(elsewhere, 'tool.py') })).script).toBe(
      '.rgrid/inputs/0/tool.py',
    )
  })

  test('takes a directory below the current one with everything in it, even empty folders', async () => {
    const cwd = await createDirectory({ 'main.py': 'x', 'in/a': '1', 'in/deep/b': '2' })
    await mkdir(join(cwd, 'in', 'empty'))

    const { args, paths, folders } = await collect(cwd, ['in/'])

    expect([args, paths.sort(), folders.sort()]).toEqual([
      ['in/'],
      ['in/a', 'in/deep/b', 'main.py'],
      ['in', 'in/deep', 'in/empty'],
    ])
  })

  test('leaves a directory from elsewhere, and the current one, as text', async () => {
    const cwd = await createDirectory({ 'main.py': 'x' })

    expect((await collect(cwd, ['/usr', '.', '..'])).args).toEqual(['/usr', '.', '..'])
  })

  test('leaves devices as text', async () => {
    const cwd = await createDirectory({ 'main.py': 'x' })

    const { args, paths } = await collect(cwd, ['/dev/null', '/dev/zero'])

    expect([args, paths]).toEqual([['/dev/null', '/dev/zero'], ['main.py']])
  })

  test('is only the script when detection is off', async () => {
    const cwd = await createDirectory({ 'main.py': 'x', 'a.csv': 'a' })

    expect((await collect(cwd, ['a.csv'], { upload: false })).paths).toEqual(['main.py'])
  })

  test('honours ignore files in a directory, inner ones over outer ones, and never takes .git', async () => {
    const cwd = await createDirectory({
      'main.py': 'x',
      '.gitignore': 'data/',
      'data/.gitignore': '*.log\ncache/',
      'data/a.log': '',
      'data/keep/.rgridignore': '!b.log',
      'data/keep/b.log': '',
      'data/cache/c': '',
      'data/.git/config': '',
      'data/d': '',
    })

    const { paths } = await collect(cwd, ['data'])

    expect(paths.sort()).toEqual([
      'data/.gitignore',
      'data/d',
      'data/keep/.rgridignore',
      'data/keep/b.log',
      'main.py',
    ])
  })

  test('does not follow links inside a directory', async () => {
    const cwd = await createDirectory({ 'main.py': 'x', 'in/a': '1' })
    await symlink('/etc/passwd', join(cwd, 'in', 'passwd'))

    expect((await collect(cwd, ['in'])).paths).toEqual(['main.py', 'in/a'])
  })

  test('refuses a path that cannot travel, naming the argument', async () => {
    const cwd = await createDirectory({ 'main.py': 'x', 'a\nb': '' })

    await expect(collect(cwd, ['ok', 'a\nb'])).rejects.toThrow(
      'args.1: the path "a\\nb" has a control character',
    )
  })
})
