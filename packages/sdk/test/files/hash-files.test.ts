import { LIMITS } from '@rgrid/protocol'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { chmod, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { hashFiles, type HashOptions } from '../../src/files/hash-files.js'
import { createDirectory } from '../temporary-directory.js'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const hash = async (cwd: string, paths: string[], options?: HashOptions) =>
  hashFiles(
    paths.map((path) => ({ path, source: join(cwd, path), reason: { kind: 'script' } })),
    options,
  )

describe('hashed files', () => {
  test('keep their order, whatever their sizes, and the first small ones have their bytes', async () => {
    const small = 'x'.repeat(LIMITS.inlineFileBytes)
    const large = `${small}y`
    const names = Array.from({ length: 20 }, (_, at) => `s${at}`)
    const cwd = await createDirectory({
      large,
      empty: '',
      ...Object.fromEntries(names.map((name) => [name, small])),
    })
    await chmod(join(cwd, 'empty'), 0o755)

    const { files } = await hash(cwd, ['large', ...names, 'empty'])

    expect(files.map(({ path }) => path)).toEqual(['large', ...names, 'empty'])
    expect(files[0]).toEqual({ path: 'large', sha256: sha256(large), size: large.length, executable: false })
    expect(files.at(-1)).toEqual({ path: 'empty', sha256: sha256(''), size: 0, executable: true, data: '' })
    const inline = files.filter(({ data, size }) => data !== undefined && size > 0)
    expect(inline).toHaveLength(LIMITS.inlineTotalBytes / LIMITS.inlineFileBytes)
  })

  test('tell how far they are', async () => {
    const cwd = await createDirectory({ a: 'aa', b: 'bbb' })
    const told: unknown[] = []
    let done = [0, 0]

    await hash(cwd, ['a', 'b'], {
      onTotal: (files, bytes) => told.push([files, bytes]),
      onRead: (files, bytes) => (done = [(done[0] ?? 0) + files, (done[1] ?? 0) + bytes]),
    })

    expect([told, done]).toEqual([[[2, 5]], [2, 5]])
  })
})

describe('is refused in one line:', () => {
  const CHANGE: Record<string, (path: string) => void> = {
    'grows while it is read': (path) => appendFileSync(path, 'more'),
    'shrinks while it is read': (path) => truncateSync(path, 1),
    'is replaced while it is read'(path) {
      writeFileSync(`${path}.new`, 'y'.repeat(1_000_000))
      renameSync(`${path}.new`, path)
    },
  }

  test.for(Object.entries(CHANGE))('a file that %s', async ([, change]) => {
    const cwd = await createDirectory({ a: 'x'.repeat(1_000_000) })

    await expect(hash(cwd, ['a'], { onTotal: () => change(join(cwd, 'a')) })).rejects.toMatchObject({
      code: 'invalid_request',
      message: `files: ${JSON.stringify(join(cwd, 'a'))} changed while it was read: run again when nothing writes to it`,
    })
  })

  test('a file that changes in its middle while it is read', async () => {
    const cwd = await createDirectory({ a: 'x'.repeat(1_000_000) })
    let isFirst = true
    const onRead = (): void => {
      if (isFirst) writeFileSync(join(cwd, 'a'), 'y'.repeat(1_000_000))
      isFirst = false
    }

    await expect(hash(cwd, ['a'], { onRead })).rejects.toThrow('changed while it was read')
  })

  test('a file that vanishes', async () => {
    const cwd = await createDirectory({ a: 'x' })

    await expect(hash(cwd, ['a'], { onTotal: () => rmSync(join(cwd, 'a')) })).rejects.toMatchObject({
      code: 'invalid_request',
      message: `files: ${JSON.stringify(join(cwd, 'a'))} cannot be read (ENOENT)`,
    })
  })

  test('a file that has become a FIFO, which is not read', async () => {
    const cwd = await createDirectory({ a: 'x' })
    const onTotal = (): void => {
      rmSync(join(cwd, 'a'))
      execFileSync('mkfifo', [join(cwd, 'a')])
    }

    await expect(hash(cwd, ['a'], { onTotal })).rejects.toThrow('changed while it was read')
    await expect(hash(cwd, ['a'])).rejects.toThrow('is no regular file any more')
  })

  test('more bytes than may travel, before anything is read', async () => {
    const cwd = await createDirectory()
    for (const name of ['a', 'b']) {
      await writeFile(join(cwd, name), '')
      await truncate(join(cwd, name), LIMITS.inputBytes)
    }

    await expect(hash(cwd, ['a', 'b'])).rejects.toThrow(
      `files: ${2 * LIMITS.inputBytes} bytes are over the limit of ${LIMITS.inputBytes} bytes together`,
    )
  })
})
