import { LIMITS } from '@rgrid/protocol'
import { execFileSync } from 'node:child_process'
import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { collectInputs } from '../../src/files/collect-inputs.js'
import { createSpool } from '../../src/files/spool.js'
import type { RunOptions } from '../../src/run-options.js'
import { createDirectory } from '../temporary-directory.js'

async function collect(cwd: string, options: Pick<RunOptions, 'inputs' | 'stdin'>, taken: string[] = []) {
  const spool = createSpool()
  onTestFinished(() => spool.release())
  const { files, folders, ...rest } = await collectInputs(cwd, options, { spool, taken: new Set(taken) })
  return { files, paths: files.map(({ path }) => path).toSorted(), folders: folders.toSorted(), ...rest }
}

const TREE = {
  'data/a.csv': 'a',
  'data/b.txt': 'b',
  'data/deep/c.csv': 'c',
  'data/.hidden': 'h',
  'model.bin': 'm',
  'other/x': 'x',
}

describe('inputs', () => {
  test.for<[string, string[], string[]]>([
    ['files', ['model.bin', './data/a.csv'], ['data/a.csv', 'model.bin']],
    ['a directory', ['data/'], ['data/.hidden', 'data/a.csv', 'data/b.txt', 'data/deep/c.csv']],
    ['a pattern in one folder', ['data/*.csv'], ['data/a.csv']],
    ['a pattern at any depth', ['**/*.csv'], ['data/a.csv', 'data/deep/c.csv']],
    ['all of a folder', ['data/**'], ['data/.hidden', 'data/a.csv', 'data/b.txt', 'data/deep/c.csv']],
    ['choices', ['{model.bin,other/*}'], ['model.bin', 'other/x']],
    ['less than others find', ['data', '!**/*.csv', '!data/.hidden'], ['data/b.txt']],
    ['what overlaps, once', ['data/a.csv', 'data/*.csv', 'data/a.*'], ['data/a.csv']],
  ])('name %s', async ([, inputs, paths]) => {
    const cwd = await createDirectory(TREE)

    expect((await collect(cwd, { inputs })).paths).toEqual(paths)
  })

  test('name everything with ".", but what is kept for RGrid and git', async () => {
    const cwd = await createDirectory({ 'a.txt': 'a', '.rgrid/config.toml': 'c', '.git/HEAD': 'h' })
    await mkdir(join(cwd, 'empty'))

    expect(await collect(cwd, { inputs: ['.'] })).toMatchObject({ paths: ['a.txt'], folders: ['empty'] })
  })

  test('take the name of a file before they take it for a pattern', async () => {
    const cwd = await createDirectory({ '[a].txt': '1', 'a.txt': '2' })

    expect((await collect(cwd, { inputs: ['[a].txt'] })).paths).toEqual(['[a].txt'])
  })

  test.for<string[][]>([[['data']], [['data/**']], [['**/*.csv', 'data/keep.log', 'data/*.txt']]])(
    'leave out what ignore files there leave out: %j',
    async ([inputs = []]) => {
      const cwd = await createDirectory({
        '.gitignore': 'data/a.csv\n',
        'data/a.csv': 'a',
        'data/.gitignore': '*.log\n!keep.log\n',
        'data/x.log': 'x',
        'data/keep.log': 'k',
        'data/.rgridignore': 'cache/\n',
        'data/cache/c.csv': 'c',
        'data/b.txt': 'b',
        'top.csv': 't',
      })

      const { paths } = await collect(cwd, { inputs })

      expect(paths).toContain('data/keep.log')
      expect(paths).toContain('data/b.txt')
      expect(paths).not.toContain('data/x.log')
      expect(paths).not.toContain('data/cache/c.csv')
    },
  )

  test('say which of them named a file, and where links are', async () => {
    const cwd = await createDirectory(TREE)
    await symlink('a.csv', join(cwd, 'data/latest'))

    const { files, links } = await collect(cwd, { inputs: ['model.bin', 'data/*', '!data/b*'] })

    expect(files.map(({ path, reason }) => [path, reason])).toContainEqual([
      'data/a.csv',
      { kind: 'input', index: 1 },
    ])
    expect(links).toEqual(['data/latest'])
  })

  test('follow a link that is named itself', async () => {
    const cwd = await createDirectory()
    const elsewhere = await createDirectory({ 'real.bin': 'r' })
    await symlink(join(elsewhere, 'real.bin'), join(cwd, 'model.bin'))

    expect(await collect(cwd, { inputs: ['model.bin'] })).toMatchObject({ paths: ['model.bin'], links: [] })
  })

  test('are text, bytes, streams, or files under other names', async () => {
    const cwd = await createDirectory()
    const elsewhere = await createDirectory({ 'real.bin': 'r' })
    const inputs = [
      { path: 'a.txt', data: 'text ü' },
      { path: 'b.bin', data: new Uint8Array([0, 255]) },
      { path: 'c/d', data: new Blob(['streamed']).stream() },
      { path: 'model.bin', file: join(elsewhere, 'real.bin') },
    ]

    const { files } = await collect(cwd, { inputs })

    expect(files.map(({ path, data }) => [path, data && Buffer.from(data).toString('latin1')])).toEqual([
      ['a.txt', Buffer.from('text ü').toString('latin1')],
      ['b.bin', '\0\xff'],
      ['c/d', 'streamed'],
      ['model.bin', undefined],
    ])
    expect(files[3]?.source).toBe(join(elsewhere, 'real.bin'))
  })
})

describe('a standard input', () => {
  test('of data is a file that is kept for RGrid', async () => {
    const { stdin, files } = await collect(await createDirectory(), { stdin: 'text' })

    expect([stdin, files]).toMatchObject([
      '.rgrid/stdin',
      [{ path: '.rgrid/stdin', reason: { kind: 'stdin' } }],
    ])
  })

  test('of a file is the file at its place, or one from elsewhere', async () => {
    const cwd = await createDirectory({ 'in/a.txt': 'a' })
    const elsewhere = await createDirectory({ b: 'b' })

    expect((await collect(cwd, { stdin: { file: 'in/a.txt' } })).stdin).toBe('in/a.txt')
    expect(await collect(cwd, { stdin: { file: join(elsewhere, 'b') } })).toMatchObject({
      stdin: '.rgrid/stdin',
      files: [{ source: join(elsewhere, 'b') }],
    })
  })
})

describe('is refused in one line:', () => {
  test.for<[string, RunOptions, string]>([
    [
      'a file that is not there',
      { inputs: ['x', 'none.bin'] },
      'inputs.1: "none.bin" is not there: check the path',
    ],
    [
      'a pattern without a match',
      { inputs: ['data/*.csv'] },
      'inputs.0: "data/*.csv" matches no file: check',
    ],
    ['a pattern that matches folders only', { inputs: ['fol*'] }, 'inputs.0: "fol*" matches no file'],
    ['an empty name', { inputs: [''] }, 'inputs.0: is empty'],
    ['a NUL', { inputs: ['a\0b'] }, 'inputs.0: "a\\u0000b" has a NUL character'],
    ['a device', { inputs: ['/dev/zero'] }, 'inputs.0: "/dev/zero" is a device, which may never end'],
    ['a FIFO', { inputs: ['fifo'] }, 'inputs.0: "fifo" is a FIFO, which may never end'],
    ['a FIFO as standard input', { stdin: { file: 'fifo' } }, 'stdin: "fifo" is a FIFO'],
    ['a directory as standard input', { stdin: { file: 'folder' } }, 'stdin: "folder" is a directory'],
    ['no standard input', { stdin: { file: 'none' } }, 'stdin: "none" is not there'],
    [
      'a file from outside',
      { inputs: ['/etc/hostname'] },
      'inputs.0: "/etc/hostname" is outside the current directory',
    ],
    ['the directory above', { inputs: ['..'] }, 'inputs.0: ".." is outside the current directory'],
    ['a pattern that leads out', { inputs: ['../*.x'] }, 'inputs.0: "../*.x" has a "." or ".." part'],
    ['an absolute pattern', { inputs: ['/etc/*.x'] }, 'inputs.0: "/etc/*.x" is absolute'],
    ['a wrong exclusion', { inputs: ['x', '!/etc/*'] }, 'inputs.1: "!/etc/*" is absolute'],
    [
      'an own path that leads out',
      { inputs: [{ path: '../a', data: '' }] },
      'inputs.0: the path "../a" has an empty, "." or ".." part',
    ],
    ['an absolute own path', { inputs: [{ path: '/a', data: '' }] }, 'inputs.0: the path "/a" is absolute'],
    ['a backslash', { inputs: [{ path: 'a\\b', data: '' }] }, 'inputs.0: the path "a\\\\b" has a backslash'],
    [
      'a control character',
      { inputs: [{ path: 'a\nb', data: '' }] },
      'inputs.0: the path "a\\nb" has a control character',
    ],
    [
      'too long',
      { inputs: [{ path: 'a/'.repeat(300) + 'b', data: '' }] },
      `is over ${LIMITS.pathBytes} bytes`,
    ],
    [
      'too deep',
      { inputs: [{ path: 'a/'.repeat(32) + 'b', data: '' }] },
      `has over ${LIMITS.pathParts} parts`,
    ],
    [
      'an own path twice',
      {
        inputs: [
          { path: 'a', data: '' },
          { path: 'a', data: '' },
        ],
      },
      'inputs.1: "a" is there already',
    ],
    [
      'the path of the script',
      { inputs: [{ path: 'main.py', data: '' }] },
      'inputs.0: "main.py" is there already',
    ],
  ])('%s', async ([, options, message]) => {
    const cwd = await createDirectory({ x: 'x', 'folder/y': 'y' })
    execFileSync('mkfifo', [join(cwd, 'fifo')])

    const refused = collect(cwd, options, ['main.py'])

    await expect(refused).rejects.toMatchObject({ code: 'invalid_request' })
    await expect(refused).rejects.toThrow(message)
  })

  test('a path that travels from the disk and may not', async () => {
    const cwd = await createDirectory({ 'data/new\nline': 'x' })

    await expect(collect(cwd, { inputs: ['data'] })).rejects.toThrow(
      'inputs.0: the path "data/new\\nline" has a control character',
    )
  })

  test('more files than may travel', async () => {
    const many = Array.from({ length: LIMITS.inputFiles + 1 }, (_, at) => ({ path: `f${at}`, data: '' }))

    await expect(collect(await createDirectory(), { inputs: many })).rejects.toThrow(
      `inputs.${LIMITS.inputFiles}: more than the limit of ${LIMITS.inputFiles} files`,
    )
  })
})
