import { LIMITS, type Claim, type Link, type WireFile } from '@rgrid/protocol'
import { createHash } from 'node:crypto'
import { chmod, lstat, mkdir, readFile, readlink, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { FetchBlob } from '../../src/attempt/place-file.js'
import { fillWorkspace } from '../../src/attempt/workspace.js'
import { createTestDirectory } from '../executors/test-directory.js'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const inline = (path: string, text = 'x'): WireFile => ({
  path,
  sha256: sha256(text),
  size: text.length,
  executable: false,
  data: Buffer.from(text).toString('base64'),
})

const large = (path: string, change: Partial<WireFile> = {}): WireFile => ({
  path,
  sha256: sha256('large'),
  size: LIMITS.sharedInputBytes,
  executable: false,
  ...change,
})

const hold = (path: string) => ({ path, [Symbol.asyncDispose]: () => Promise.resolve() })

/** A place for files, and a blob as large as the limit for sharing that is fetched. */
async function prepare() {
  const directory = createTestDirectory(onTestFinished)
  const blob = join(directory, 'blob')
  await writeFile(blob, '')
  await truncate(blob, LIMITS.sharedInputBytes)
  await chmod(blob, 0o444)
  let fills = 0
  const fill = async (
    files: WireFile[],
    { links = [], canShare = true, fetchBlob = async () => hold(blob) }: Options = {},
  ): Promise<string> => {
    const workDir = join(directory, `work${fills++}`)
    await mkdir(workDir)
    const spec = { files, folders: [], links } as unknown as Claim['spec']
    return (await fillWorkspace(workDir, { spec } as Claim, { fetchBlob, canShare })).workDir
  }
  return { blob, fill }
}

interface Options {
  readonly links?: Link[]
  readonly canShare?: boolean
  readonly fetchBlob?: FetchBlob
}

describe('a large input file', () => {
  test('takes no room of its own in any number of workspaces, where they can share it', async () => {
    const { blob, fill } = await prepare()
    const workDirs = await Promise.all(Array.from({ length: 50 }, () => fill([large('data/model.bin')])))

    const inodes = await Promise.all(
      workDirs.map(async (workDir) => (await stat(join(workDir, 'data/model.bin'))).ino),
    )
    expect(new Set(inodes)).toEqual(new Set([(await stat(blob)).ino]))
    expect((await stat(blob)).mode & 0o777).toBe(0o444)
  })

  test.for<[string, Partial<WireFile>, Options]>([
    ['where the script may write to it', {}, { canShare: false }],
    ['where it is a program', { executable: true }, {}],
    ['below the limit', { size: LIMITS.sharedInputBytes - 1 }, {}],
  ])('is a copy that can be written %s', async ([, change, options]) => {
    const { blob, fill } = await prepare()
    const copy = await stat(join(await fill([large('a', change)], options), 'a'))

    expect(copy.ino).not.toBe((await stat(blob)).ino)
    expect(copy.mode & 0o777).toBe(change.executable === true ? 0o755 : 0o644)
  })

  test('that does not fit on the disk is said to', async () => {
    const { fill } = await prepare()
    const error = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })

    await expect(fill([large('a')], { fetchBlob: () => Promise.reject(error) })).rejects.toThrow(
      'the disk of the runner has no room left for the input files (ENOSPC)',
    )
  })
})

describe('a link', () => {
  test('is made as it is, and leads to its file', async () => {
    const { fill } = await prepare()
    const workDir = await fill([inline('data/v2/a.txt', 'second')], {
      links: [
        { path: 'latest', target: 'data/v2' },
        { path: 'links/a', target: '../latest/a.txt' },
      ],
    })

    expect((await lstat(join(workDir, 'latest'))).isSymbolicLink()).toBe(true)
    expect(await readlink(join(workDir, 'links/a'))).toBe('../latest/a.txt')
    expect(await readFile(join(workDir, 'links/a'), 'utf8')).toBe('second')
  })
})
