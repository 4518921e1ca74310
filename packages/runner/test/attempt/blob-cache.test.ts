import type { Api } from '@rgrid/protocol/client'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createBlobCache } from '../../src/attempt/blob-cache.js'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** A cache of ten bytes, and what was asked of the server. */
async function arrange(texts: readonly string[]) {
  const directory = await mkdtemp(join(tmpdir(), 'rgrid-cache-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const asked: string[] = []
  const send: Api['send'] = async ({ path }) => {
    const text = texts.find((each) => path.endsWith(sha256(each)))
    if (text === undefined) throw new Error('no such blob')
    asked.push(text)
    return new Response(text)
  }
  const cache = createBlobCache({ send } as Api, directory, 10)
  const hold = (text: string) => cache(sha256(text), text.length)
  const use = async (text: string): Promise<string> => {
    await using blob = await hold(text)
    return readFile(blob.path, 'utf8')
  }
  return { asked, hold, use, isKept: (text: string) => existsSync(join(directory, sha256(text))) }
}

test('a file is fetched once, also by many at the same time', async () => {
  const { asked, use } = await arrange(['aaaa'])

  expect(await Promise.all([use('aaaa'), use('aaaa')])).toEqual(['aaaa', 'aaaa'])
  expect(await use('aaaa')).toBe('aaaa')

  expect(asked).toEqual(['aaaa'])
})

test('what was used longest ago makes room', async () => {
  const { use, isKept } = await arrange(['aaaa', 'bbbb', 'cccc'])
  for (const text of ['aaaa', 'bbbb', 'aaaa', 'cccc']) await use(text)

  expect(['aaaa', 'bbbb', 'cccc'].map(isKept)).toEqual([true, false, true])
  expect(await use('bbbb')).toBe('bbbb')
})

test('what is held stays, however much there is, and goes when it is let go', async () => {
  const { hold, use, isKept } = await arrange(['aaaaaaaa', 'bbbbbbbb'])
  const held = await hold('aaaaaaaa')
  await use('bbbbbbbb')
  expect(await readFile(held.path, 'utf8')).toBe('aaaaaaaa')
  expect(isKept('bbbbbbbb')).toBe(false)

  await use('bbbbbbbb')
  await held[Symbol.asyncDispose]()

  expect(isKept('aaaaaaaa')).toBe(true)
})

test('a file over the limit is used all the same, and not kept', async () => {
  const text = 'x'.repeat(11)
  const { use, isKept } = await arrange([text])

  expect(await use(text)).toBe(text)
  expect(isKept(text)).toBe(false)
})

test('one that comes and goes again and again is whole each time', async () => {
  const texts = ['aaaaaa', 'bbbbbb', 'cccccc']
  const { use } = await arrange(texts)
  const wanted = Array.from({ length: 60 }, (_, index) => texts[(index * 7) % 3] ?? '')

  expect(await Promise.all(wanted.map(use))).toEqual(wanted)
})

test('a failure to fetch is not remembered', async () => {
  const texts: string[] = []
  const { use } = await arrange(texts)
  await expect(use('late')).rejects.toThrow('no such blob')
  texts.push('late')

  expect(await use('late')).toBe('late')
})
