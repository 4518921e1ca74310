import { RGridError, type ArtifactRecord } from '@rgrid/protocol'
import type { Api, Call } from '@rgrid/protocol/client'
import { packTar } from 'modern-tar'
import { createHash } from 'node:crypto'
import { link, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { downloadArtifacts, isSameFile } from '../../src/download/download-artifacts.js'
import { DownloadError } from '../../src/download/download-error.js'
import { checkDownloadOptions } from '../../src/download/plan-download.js'
import { createDirectory } from '../temporary-directory.js'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const toRecord = (path: string, text: string): ArtifactRecord => ({
  path,
  sha256: sha256(text),
  size: Buffer.byteLength(text),
  executable: text === 'tool',
  kind: 'output',
})

const toBody = (...chunks: Uint8Array[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
      controller.close()
    },
  })

const broken = (bytes: Uint8Array): ReadableStream<Uint8Array> => {
  const chunks = [bytes]
  return new ReadableStream({
    pull(controller) {
      const chunk = chunks.pop()
      if (chunk === undefined) controller.error(new Error('cut'))
      else controller.enqueue(chunk)
    },
  })
}

/** A server with some files, which may lie about them or break off. */
function createSource(
  files: Readonly<Record<string, string>>,
  { sent = files, cuts = 0 }: { sent?: Readonly<Record<string, string>>; cuts?: number } = {},
) {
  const asked: string[] = []
  let left = cuts
  const pack = (after: string | null): Promise<Uint8Array> => {
    const names = Object.keys(sent)
    const rest = after === null ? names : names.slice(names.indexOf(after) + 1)
    return packTar(
      rest.map((name) => ({
        header: { name, size: Buffer.byteLength(sent[name] ?? ''), type: 'file' },
        body: sent[name] ?? '',
      })),
    )
  }
  const send = async ({ path }: Call) => {
    asked.push(path)
    const { pathname, searchParams } = new URL(path, 'http://test')
    const isArchive = searchParams.get('format') === 'tar'
    const name = decodeURIComponent(pathname.split('/artifacts/')[1] ?? '')
    const bytes = isArchive ? await pack(searchParams.get('after')) : Buffer.from(sent[name] ?? '')
    const isCut = left > 0
    left--
    return { status: 200, body: isCut ? broken(bytes.subarray(0, 4 * 1024)) : toBody(bytes) }
  }
  const artifacts = Object.entries(files).map(([path, text]) => toRecord(path, text))
  return { api: { url: 'http://test', send } as unknown as Api, executionId: 'exec_1', artifacts, asked }
}

const MANY = Object.fromEntries(
  Array.from({ length: 40 }, (_, index) => [`d${index % 3}/f${index}`, `text ${index}`]),
)
const failureOf = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error)

describe('a download', () => {
  test('saves few files with a request each, and what can be executed', async () => {
    const directory = await createDirectory()
    const source = createSource({ 'a/run.sh': 'tool', 'b c': 'text', empty: '' })

    const saved = await downloadArtifacts(source, directory, {})

    expect(saved).toEqual(['a/run.sh', 'b c', 'empty'].map((path) => join(directory, path)))
    expect(await readFile(join(directory, 'b c'), 'utf8')).toBe('text')
    const modes = await Promise.all(saved.map(async (path) => (await stat(path)).mode & 0o111))
    expect(modes.map((mode) => mode !== 0)).toEqual([true, false, false])
    expect(source.asked).toHaveLength(3)
  })

  test('saves many small files with one request, and large ones beside it', async () => {
    const directory = await createDirectory()
    const large = 'x'.repeat(300_000)
    const source = createSource({ ...MANY, large })

    const saved = await downloadArtifacts(source, directory, {})

    expect(saved).toHaveLength(41)
    expect(await readFile(join(directory, 'd1', 'f1'), 'utf8')).toBe('text 1')
    expect(await readFile(join(directory, 'large'), 'utf8')).toBe(large)
    expect(source.asked.filter((path) => path.includes('format=tar'))).toHaveLength(1)
    expect(source.asked).toHaveLength(2)
    expect((await readdir(directory, { recursive: true })).filter((name) => name.endsWith('.tmp'))).toEqual(
      [],
    )
  })

  test('takes what the patterns choose', async () => {
    const directory = await createDirectory()

    const saved = await downloadArtifacts(createSource(MANY), directory, { only: ['d1', '!**/f1*'] })

    expect(saved.length).toBe(Object.keys(MANY).filter((path) => /^d1\/f(?!1)/.test(path)).length)
    expect(await readdir(directory)).toEqual(['d1'])
  })

  test('of nothing makes no directory', async () => {
    const directory = join(await createDirectory(), 'out')

    expect(await downloadArtifacts(createSource(MANY), directory, { only: ['nothing'] })).toEqual([])

    await expect(readdir(directory)).rejects.toThrow('ENOENT')
  })

  test('goes on behind the last file when the connection breaks', async () => {
    const directory = await createDirectory()
    const source = createSource(MANY, { cuts: 2 })

    expect(await downloadArtifacts(source, directory, {})).toHaveLength(40)

    expect(source.asked).toHaveLength(3)
    expect(source.asked[2]).toContain('after=')
  })

  test('fetches a single file again when its connection breaks', async () => {
    const directory = await createDirectory()
    const source = createSource({ large: 'x'.repeat(10_000) }, { cuts: 1 })

    await downloadArtifacts(source, directory, {})

    expect((await stat(join(directory, 'large'))).size).toBe(10_000)
  })

  test.for([
    ['in an archive', MANY, 'd0/f0', 'wrong!'],
    ['of the same size', { a: 'right', b: 'fine' }, 'a', 'wrong'],
    ['longer', { a: 'right', b: 'fine' }, 'a', 'wrong!'],
    ['shorter', { a: 'right', b: 'fine' }, 'a', 'wron'],
  ] as const)(
    'names a file whose bytes are not those of its digest, %s, and saves the others',
    async ([, files, path, text]) => {
      const directory = await createDirectory()
      const source = createSource(files, { sent: { ...files, [path]: text } })

      const error = await failureOf(downloadArtifacts(source, directory, {}))

      expect(error).toBeInstanceOf(DownloadError)
      expect(error).toMatchObject({ failed: [{ path }], code: 'not_saved' })
      expect((error as DownloadError).saved).toHaveLength(Object.keys(files).length - 1)
      await expect(readFile(join(directory, path))).rejects.toThrow('ENOENT')
    },
  )

  test('names what the server leaves out of an archive', async () => {
    const { 'd0/f0': _left, ...sent } = MANY as Record<string, string>

    const error = await failureOf(
      downloadArtifacts(createSource(MANY, { sent }), await createDirectory(), {}),
    )

    expect(error).toMatchObject({ code: 'protocol', message: expect.stringContaining('"d0/f0"') as string })
  })

  test('ignores what the server adds to an archive', async () => {
    const directory = await createDirectory()
    const sent = { ...MANY, '../evil': 'x', '.rgrid/config.toml': 'x' }

    await downloadArtifacts(createSource(MANY, { sent }), directory, {})

    expect(await readdir(directory)).toEqual(['d0', 'd1', 'd2'])
  })

  test('replaces links, goes through none, and saves what it can', async () => {
    const outside = await createDirectory({ target: 'safe' })
    const directory = await createDirectory()
    await symlink(join(outside, 'target'), join(directory, 'file'))
    await symlink(outside, join(directory, 'd1'))
    await mkdir(join(directory, 'taken'))
    const files = { ...MANY, file: 'new', taken: 'x', '.rgrid/x': 'x' }

    const error = await failureOf(downloadArtifacts(createSource(files), directory, {}))

    const { failed, message } = error as DownloadError
    expect(new Set(failed.map(({ path }) => path.split('/')[0]))).toEqual(new Set(['.rgrid', 'd1', 'taken']))
    expect(message).toMatch(
      /^15 of 43 files were not saved: .*"d1\/f1" "d1\/f4" "d1\/f7" and 10 more: "d1" is a symbolic link, not a directory/,
    )
    expect(await readdir(outside)).toEqual(['target'])
    expect(await readFile(join(outside, 'target'), 'utf8')).toBe('safe')
    expect(await readFile(join(directory, 'file'), 'utf8')).toBe('new')
    expect(await readdir(join(directory, 'd2'))).toHaveLength(13)
  })

  test('keeps apart names that differ in case where the file system does', async () => {
    const directory = await createDirectory()
    await writeFile(join(directory, 'probe'), '')
    const isSensitive = await stat(join(directory, 'PROBE')).then(
      () => false,
      () => true,
    )

    const done = downloadArtifacts(createSource({ 'a/x': '1', 'A/X': '2' }), directory, {})

    if (isSensitive) expect(await done).toHaveLength(2)
    else await expect(done).rejects.toThrow('does not tell from "a/x"')
  })

  test('asks for files one by one where the patterns are too long to be sent', async () => {
    const only = Array.from({ length: 20 }, (_, index) => `${'x'.repeat(400)}${index}`)
    const source = createSource(MANY)

    await downloadArtifacts(source, await createDirectory(), { only: [...only, '**'] })

    expect(source.asked).toHaveLength(40)
  })

  test('ends with the error of a server that does not answer, and keeps what it has', async () => {
    const source = createSource({ a: '1' })
    const api = {
      ...source.api,
      send: () => Promise.reject(new RGridError('unauthenticated', 'this key is not known')),
    }

    await expect(downloadArtifacts({ ...source, api }, await createDirectory(), {})).rejects.toMatchObject({
      code: 'unauthenticated',
    })
  })
})

test('two names of one file are one file', async () => {
  const directory = await createDirectory({ a: '', c: '' })
  await link(join(directory, 'a'), join(directory, 'b'))
  const isSame = (one: string, two: string) => isSameFile(join(directory, one), join(directory, two))

  expect([await isSame('a', 'b'), await isSame('a', 'c'), await isSame('a', 'none')]).toEqual([
    true,
    false,
    false,
  ])
})

test.for([[{ only: [] }], [{ only: ['/etc'] }], [{ only: 'x' }], [{ just: ['x'] }]])(
  'a download refuses the options %j',
  ([options]) => {
    expect(() => checkDownloadOptions(options as object)).toThrow(RGridError)
  },
)
