import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createDiskBlobs } from '../../src/index.js'
import { createTempDir, sha256 } from '../server-fixture.js'
import { testBlobStore } from './blob-store-contract.js'

testBlobStore('a directory', async () => createDiskBlobs({ directory: join(await createTempDir(), 'blobs') }))

describe('blobs in a directory', () => {
  test('lie under two levels of their digest, and nothing else is left', async () => {
    const directory = await createTempDir()
    const blobs = createDiskBlobs({ directory })
    const digest = sha256('x')

    await blobs.put(
      digest,
      (async function* () {
        yield await Promise.resolve(Buffer.from('x'))
      })(),
      { maxBytes: 1 },
    )

    const files = (await readdir(directory, { recursive: true })).toSorted()
    const [a, b] = [digest.slice(0, 2), digest.slice(2, 4)]
    expect(files).toEqual([a, join(a, b), join(a, b, digest), 'tmp'].toSorted())
  })

  test('leftovers of an hour ago are removed, those on their way are kept', async () => {
    const directory = await createTempDir()
    await mkdir(join(directory, 'tmp'))
    for (const name of ['old', 'new']) await writeFile(join(directory, 'tmp', name), '')
    const twoHoursAgo = Date.now() / 1_000 - 7_200
    await utimes(join(directory, 'tmp', 'old'), twoHoursAgo, twoHoursAgo)

    await createDiskBlobs({ directory }).check()

    expect(await readdir(join(directory, 'tmp'))).toEqual(['new'])
  })

  test('one that is an hour old is listed in its part, and can be taken away from under a reader', async () => {
    const directory = await createTempDir()
    await createDiskBlobs({ directory }).put(sha256('old'), toPieces('old'), { maxBytes: 3 })
    const blobs = createDiskBlobs({ directory, now: () => Date.now() + 3_600_001 })
    const body = await blobs.open(sha256('old'))

    const parts: number[] = []
    for (let part = 0; part < 16; part++)
      for await (const digests of blobs.list(part)) if (digests.includes(sha256('old'))) parts.push(part)
    await (
      await blobs.discard(sha256('old'))
    ).freed

    expect(parts).toEqual([Number.parseInt(sha256('old').slice(0, 1), 16)])
    expect(await blobs.has(sha256('old'))).toBe(false)
    expect(await new Response(body).text()).toBe('old')
    expect(await readdir(join(directory, 'tmp'))).toEqual([])
  })

  test('a full disk is storage_full', async () => {
    const directory = await createTempDir()
    const body = async function* () {
      yield await Promise.resolve(Buffer.from('x'))
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    }

    const put = createDiskBlobs({ directory }).put(sha256('x'), body(), { maxBytes: 10 })

    await expect(put).rejects.toMatchObject({ code: 'storage_full' })
    expect(await readdir(join(directory, 'tmp'))).toEqual([])
  })
})

async function* toPieces(text: string): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from(text))
}
