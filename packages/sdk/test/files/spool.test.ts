import { LIMITS } from '@rgrid/protocol'
import { access, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createSpool } from '../../src/files/spool.js'
import { createDirectory } from '../temporary-directory.js'

const SELF = fileURLToPath(import.meta.url)

async function* pieces(...given: unknown[]): AsyncGenerator<Uint8Array> {
  for (const piece of given) yield piece as Uint8Array
}

function createTestSpool() {
  const spool = createSpool()
  onTestFinished(() => spool.release())
  return spool
}

test('a small stream stays in memory, text and bytes alike', async () => {
  const { data } = await createTestSpool().take(pieces('ü', new Uint8Array([0])), 'stdin')

  expect(Buffer.from(data ?? [])).toEqual(Buffer.from('ü\0'))
})

test('a large stream goes into a file, which is gone with the spool', async () => {
  const spool = createTestSpool()
  const piece = 'x'.repeat(LIMITS.inlineFileBytes)
  const { source, data } = await spool.take(pieces(piece, 'y', piece), 'stdin')

  expect(data).toBeUndefined()
  expect((await readFile(source, 'utf8')) === `${piece}y${piece}`).toBe(true)
  await spool.release()
  await expect(access(dirname(source))).rejects.toThrow('ENOENT')
})

test('what is not read any more is dropped, and the rest stays', async () => {
  const spool = createTestSpool()
  const take = () => spool.take(pieces('x'.repeat(LIMITS.inlineFileBytes + 1)), 'stdin')
  const [one, other] = [await take(), await take()]

  await spool.drop([one, { source: SELF }])

  await expect(access(one.source)).rejects.toThrow('ENOENT')
  await access(other.source)
  await access(SELF)
})

test('a stream is not read on when it is not wanted any more, and is told so', async () => {
  const stop = new AbortController()
  const spool = createSpool(stop.signal)
  onTestFinished(() => spool.release())
  const end = vi.fn(() => Promise.resolve({ done: true, value: undefined } as const))
  const next = () => new Promise<never>(() => undefined)
  const taken = spool.take({ [Symbol.asyncIterator]: () => ({ next, return: end }) }, 'stdin')
  stop.abort(new Error('enough'))

  await expect(taken).rejects.toThrow(/^enough$/)
  expect(end).toHaveBeenCalledOnce()
})

test.for<[string, () => AsyncIterable<Uint8Array>, string]>([
  ['gives something else', () => pieces(5), 'stdin: the stream failed: it gave something that is neither'],
  [
    'fails',
    async function* () {
      yield await Promise.reject<Uint8Array>(new Error('cut off'))
    },
    'stdin: the stream failed: cut off',
  ],
])('a stream that %s is refused', async ([, make, message]) => {
  const taken = createTestSpool().take(make(), 'stdin')

  await expect(taken).rejects.toMatchObject({ code: 'invalid_request' })
  await expect(taken).rejects.toThrow(message)
})

test('a place that takes nothing is named, with what to do', async () => {
  vi.stubEnv('TMPDIR', `${await createDirectory()}/none`)
  onTestFinished(() => void vi.unstubAllEnvs())

  await expect(
    createTestSpool().take(pieces('x'.repeat(LIMITS.inlineFileBytes + 1)), 'inputs.3'),
  ).rejects.toThrow(/^inputs\.3: there is no place in .*\/none .*\(ENOENT\): set TMPDIR/)
})
