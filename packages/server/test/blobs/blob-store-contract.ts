import { describe, expect, test } from 'vitest'
import type { BlobStore } from '../../src/index.js'
import { sha256 } from '../server-fixture.js'

const LIMIT = { maxBytes: 100 }

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array, void> {
  for (const text of texts) yield await Promise.resolve(Buffer.from(text))
}

async function readText(blobs: BlobStore, digest: string): Promise<string | undefined> {
  const body = await blobs.open(digest)
  return body === undefined ? undefined : new Response(body).text()
}

/** What every {@link BlobStore} does. Each case makes its own data. */
export function testBlobStore(name: string, open: () => Promise<BlobStore>): void {
  describe(`the blob store contract: ${name}`, () => {
    test('bytes come back as they were, from any number of pieces', async () => {
      const blobs = await open()

      expect(await blobs.put(sha256('hello'), pieces('he', '', 'llo'), LIMIT)).toEqual({ size: 5 })

      expect(await readText(blobs, sha256('hello'))).toBe('hello')
    })

    test('an empty blob is a blob', async () => {
      const blobs = await open()

      expect(await blobs.put(sha256(''), pieces(), LIMIT)).toEqual({ size: 0 })

      expect(await readText(blobs, sha256(''))).toBe('')
    })

    test('what was never put is not there', async () => {
      const blobs = await open()

      expect(await blobs.open(sha256('nothing'))).toBeUndefined()
    })

    test('other bytes than the digest names are refused and not stored', async () => {
      const blobs = await open()

      const put = blobs.put(sha256('right'), pieces('wrong'), LIMIT)

      await expect(put).rejects.toMatchObject({ code: 'digest_mismatch' })
      expect(await blobs.open(sha256('right'))).toBeUndefined()
    })

    test('a body over the limit is cut off and not stored', async () => {
      const blobs = await open()
      const text = 'x'.repeat(101)
      let isCutOff = true
      const body = async function* () {
        yield Buffer.from(text)
        await Promise.resolve()
        isCutOff = false
      }

      await expect(blobs.put(sha256(text), body(), LIMIT)).rejects.toMatchObject({ code: 'too_large' })

      expect(isCutOff).toBe(true)
      expect(await blobs.open(sha256(text))).toBeUndefined()
    })

    test('a body at the limit is stored', async () => {
      const blobs = await open()
      const text = 'x'.repeat(100)

      expect(await blobs.put(sha256(text), pieces(text), LIMIT)).toEqual({ size: 100 })
    })

    test('putting the same again, also at once, is fine', async () => {
      const blobs = await open()

      await Promise.all([1, 2, 3].map(() => blobs.put(sha256('same'), pieces('same'), LIMIT)))

      expect(await readText(blobs, sha256('same'))).toBe('same')
    })

    test('one that arrived lately is not taken away, as whoever put it may not have noted it yet', async () => {
      const blobs = await open()
      await blobs.put(sha256('new'), pieces('new'), LIMIT)

      await (
        await blobs.discard(sha256('new'))
      ).freed

      expect(await blobs.has(sha256('new'))).toBe(true)
      for await (const digests of blobs.list(Number.parseInt(sha256('new').slice(0, 1), 16)))
        expect(digests).toEqual([])
    })

    test('taking away what is not there is fine', async () => {
      const blobs = await open()

      await (
        await blobs.discard(sha256('nothing'))
      ).freed

      expect(await blobs.has(sha256('nothing'))).toBe(false)
    })

    test('a wrong repetition does not harm what is there', async () => {
      const blobs = await open()
      await blobs.put(sha256('good'), pieces('good'), LIMIT)

      await expect(blobs.put(sha256('good'), pieces('evil'), LIMIT)).rejects.toMatchObject({
        code: 'digest_mismatch',
      })

      expect(await readText(blobs, sha256('good'))).toBe('good')
    })
  })
}
