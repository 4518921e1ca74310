import { packTar, type TarHeader } from 'modern-tar'
import { createHash } from 'node:crypto'
import { lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, it, onTestFinished } from 'vitest'
import { receiveFiles } from '../../../../src/executors/docker/archive/receive-files.js'
import { createTestDirectory } from '../../test-directory.js'

type Entry = Omit<Partial<TarHeader>, 'size'> & { readonly name: string; readonly body?: string }

const pack = async (entries: readonly Entry[]): Promise<Buffer> =>
  Buffer.from(
    await packTar(
      entries.map(({ body = '', ...header }) => ({
        header: { type: 'file' as const, ...header, size: Buffer.byteLength(body) },
        body,
      })),
    ),
  )

/** Receives an archive in a directory of its own. */
async function receive(
  archive: Buffer | Generator<Buffer>,
  {
    sent = {},
    enoughBytes = 1_000_000,
    isWanted = () => true,
  }: {
    sent?: Record<string, string>
    enoughBytes?: number
    isWanted?: (path: string) => boolean
  } = {},
) {
  const directory = createTestDirectory(onTestFinished)
  const [workDir, sentDir] = [join(directory, 'work'), join(directory, 'sent')]
  await mkdir(workDir)
  for (const [path, text] of Object.entries(sent)) {
    await mkdir(dirname(join(sentDir, path)), { recursive: true })
    await writeFile(join(sentDir, path), text)
  }
  const before = await Promise.all(
    Object.keys(sent).map((path) => lstat(join(sentDir, path), { bigint: true })),
  )
  const skipped: string[] = []
  const skip = (path: string, reason: string) => void skipped.push(`${path}: ${reason}`)
  const error: unknown = await receiveFiles(
    Readable.from(Buffer.isBuffer(archive) ? split(archive) : archive),
    {
      workDir,
      sentDir,
      enoughBytes,
      skip,
      isWanted,
    },
  ).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  const entries = await readdir(workDir, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => !entry.isDirectory())
  const paths = files.map(({ parentPath, name }) => join(parentPath, name).slice(workDir.length + 1)).sort()
  const read = (path: string) => readFile(join(workDir, path), 'utf8')
  return {
    paths,
    skipped,
    error,
    read,
    before,
    stat: (path: string) => lstat(join(workDir, path), { bigint: true }),
  }
}

/** Cuts bytes at places that are no borders of anything. */
function* split(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 700) yield bytes.subarray(at, at + 700)
}

const ROOT: Entry = { name: 'work/', type: 'directory' }

describe('receiveFiles', () => {
  it('writes regular files with their bytes, and keeps what can be executed', async () => {
    const long = `${'folder/'.repeat(25)}file.txt`
    const { paths, read, stat, skipped, error } = await receive(
      await pack([
        ROOT,
        { name: 'work/a.txt', body: 'A'.repeat(2_000), mode: 0o600 },
        { name: 'work/tool', body: '#!/bin/sh', mode: 0o710 },
        { name: 'work/empty', body: '' },
        { name: `work/${long}`, body: 'deep' },
        { name: 'work/dämon.txt', body: 'ü' },
      ]),
    )

    expect([error, skipped]).toEqual([undefined, []])
    expect(paths).toEqual(['a.txt', 'dämon.txt', 'empty', long, 'tool'].sort())
    expect([await read('a.txt'), await read(long), await read('dämon.txt')]).toEqual([
      'A'.repeat(2_000),
      'deep',
      'ü',
    ])
    const modes = [(await stat('a.txt')).mode, (await stat('tool')).mode].map((mode) => mode & 0o111n)
    expect(modes).toEqual([0n, 0o111n])
  })

  it('takes only what is wanted, and says nothing of the rest', async () => {
    const archive = await pack([
      ROOT,
      { name: 'work/out.csv', body: 'x' },
      { name: 'work/log', body: 'x' },
      { name: 'work/link', type: 'symlink', linkname: 'log' },
    ])

    const { paths, skipped } = await receive(archive, { isWanted: (path) => path.endsWith('.csv') })

    expect([paths, skipped]).toEqual([['out.csv'], []])
  })

  it('takes nothing but regular files, and says what it left', async () => {
    const { paths, skipped } = await receive(
      await pack([
        ROOT,
        { name: 'work/link', type: 'symlink', linkname: '/etc/passwd' },
        { name: 'work/fifo', type: 'fifo' },
        { name: 'work/disk', type: 'block-device' },
        { name: 'work/terminal', type: 'character-device' },
        { name: 'work/other', type: 'link', linkname: 'work/../../etc/passwd' },
        { name: 'work/good', body: 'good' },
      ]),
    )

    expect(paths).toEqual(['good'])
    expect(skipped).toEqual([
      'link: is a symbolic link',
      'fifo: is a FIFO',
      'disk: is a device',
      'terminal: is a device',
      'other: is a link',
    ])
  })

  it('writes nowhere else, whatever the names are', async () => {
    const names = [
      '../../out',
      'folder/../../out',
      '/etc/out',
      'a//out',
      './out',
      'a\\out',
      'a\nout',
      'a\u{FFFD}out',
    ]
    const { paths, skipped, error } = await receive(
      await pack([
        ...names.map((name) => ({ name: `work/${name}`, body: 'x' })),
        { name: '../out', body: 'x' },
        { name: '/out', body: 'x' },
      ]),
    )

    expect([paths, error]).toEqual([[], undefined])
    expect(skipped.map((each) => each.split(': ')[0])).toEqual(names.slice(-4))
  })

  it('counts every name of a file, as each becomes a file of its own', async () => {
    const names = Array.from({ length: 20 }, (_, number) => `work/link${number}`)
    const archive = await pack([
      ROOT,
      { name: 'work/a', body: 'x'.repeat(100_000) },
      ...names.map((name): Entry => ({ name, type: 'link', linkname: 'work/a' })),
    ])

    const { paths, skipped } = await receive(archive, { enoughBytes: 500_000 })

    expect(paths).toHaveLength(4)
    expect(skipped).toEqual(['link3: over the limit of the disk, and so is what comes after it'])
  })

  it('makes a file of the other name of a file that came before', async () => {
    const { paths, read } = await receive(
      await pack([
        ROOT,
        { name: 'work/a', body: 'text' },
        { name: 'work/b/c', type: 'link', linkname: 'work/a' },
      ]),
    )

    expect([paths, await read('b/c')]).toEqual([['a', 'b/c'], 'text'])
  })

  it('leaves what came back as it was untouched, and nothing else', async () => {
    const sent = {
      same: 'same',
      'folder/same': 'same',
      longer: 'text',
      changed: 'text',
      gone: 'text',
      turned: 'text',
    }
    const { paths, stat, before, read } = await receive(
      await pack([
        ROOT,
        { name: 'work/same', body: 'same' },
        { name: 'work/folder/same', body: 'same' },
        { name: 'work/longer', body: 'text and more' },
        { name: 'work/changed', body: 'TEXT' },
        { name: 'work/turned/', type: 'directory' },
        { name: 'work/turned/new', body: 'new' },
      ]),
      { sent },
    )

    expect(paths).toEqual(['changed', 'folder/same', 'longer', 'same', 'turned/new'])
    const after = await Promise.all(['same', 'folder/same', 'longer', 'changed'].map((path) => stat(path)))
    const isUntouched = after.map(
      ({ ino, mtimeNs, size }, index) =>
        ino === before[index]?.ino && mtimeNs === before[index].mtimeNs && size === before[index].size,
    )
    expect(isUntouched).toEqual([true, true, false, false])
    expect([await read('longer'), await read('changed')]).toEqual(['text and more', 'TEXT'])
  })

  it('tells of a folder with a name that cannot be once, and of nothing in it', async () => {
    const deep = 'd/'.repeat(40)
    const { paths, skipped } = await receive(
      await pack([
        ...Array.from({ length: 40 }, (_, index) => ({
          name: `work/${'d/'.repeat(index + 1)}`,
          type: 'directory' as const,
        })),
        { name: `work/${deep}file`, body: 'x' },
        { name: 'work/e', body: 'e' },
      ]),
    )

    expect(paths).toEqual(['e'])
    expect(skipped).toEqual([`${'d/'.repeat(33).slice(0, -1)}: has over 32 parts`])
  })

  it('stops before a file that is larger than the disk, and takes what came before', async () => {
    const archive = await pack([
      ROOT,
      { name: 'work/a', body: 'A' },
      { name: 'work/big', body: 'x'.repeat(90_000) },
    ])
    let sent = 0
    function* sendForEver(): Generator<Buffer> {
      yield archive.subarray(0, 5_000)
      for (; ; sent += 64_000) yield Buffer.alloc(64_000)
    }
    const { paths, skipped, error } = await receive(sendForEver(), { enoughBytes: 50_000 })

    expect(sent).toBeLessThan(10_000_000)
    expect([paths, error]).toEqual([['a'], undefined])
    expect(skipped).toEqual(['big: over the limit of the disk, and so is what comes after it'])
  })

  it('counts what is empty as well', async () => {
    const entries = Array.from({ length: 20 }, (_, index) => ({ name: `work/${index}`, body: '' }))
    const { paths, skipped } = await receive(await pack([ROOT, ...entries]), { enoughBytes: 50_000 })

    expect(paths.length).toBe(11)
    expect(skipped).toEqual(['11: over the limit of the disk, and so is what comes after it'])
  })

  it.for([
    ['within a file', 2_500],
    ['before a file', 512],
    ['before its end', 3_584],
    ['within its end', 4_096],
  ] as const)('fails on an archive that breaks off %s, and keeps no half of a file', async ([, length]) => {
    const archive = await pack([ROOT, { name: 'work/a', body: 'A'.repeat(2_560) }])
    const { paths, read, error } = await receive(archive.subarray(0, length))

    expect(archive.length).toBe(4_608)
    expect(error).toMatchObject({ message: expect.stringContaining('truncated') as unknown })
    expect(await Promise.all(paths.map(read))).toEqual(paths.map(() => 'A'.repeat(2_560)))
  })

  it('fails on what is no archive', async () => {
    const { paths, error } = await receive(
      Buffer.from(createHash('sha512').update('x').digest('hex').repeat(40)),
    )

    expect([paths, error instanceof Error]).toEqual([[], true])
  })

  it('takes the first of two entries of one name', async () => {
    const { read, skipped } = await receive(
      await pack([
        ROOT,
        { name: 'work/a', body: 'first' },
        { name: 'work/a', body: 'second' },
        { name: 'work/b', body: 'b' },
      ]),
    )

    expect([await read('b'), skipped]).toEqual(['b', ['a: cannot be stored']])
  })
})
