import { LIMITS, RGridError, type Spec } from '@rgrid/protocol'
import { createApi, type FetchInit } from '@rgrid/protocol/client'
import { createHash } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { createUploadBoard, type UploadProgress } from '../src/execution/upload-board.js'
import { prepareSpec } from '../src/prepare-spec.js'
import type { RunOptions } from '../src/run-options.js'
import { submit } from '../src/submit.js'
import { createDirectory } from './temporary-directory.js'

const large = (letter: string): string => letter.repeat(LIMITS.inlineFileBytes + 1)

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const problem = (status: number, code: string, rest: object = {}): Response =>
  new Response(
    JSON.stringify({ type: 'x', title: 'x', status, detail: code, code, requestId: 'r', ...rest }),
    {
      status,
      headers: { 'content-type': 'application/problem+json' },
    },
  )

/** A server that keeps blobs, and the blobs that it was sent. */
function createFakeServer(onUpload: (bytes: Uint8Array) => Response | undefined = () => undefined) {
  const blobs = new Map<string, Uint8Array>()
  const uploads: string[] = []
  const fetch = async (url: string, init: FetchInit): Promise<Response> => {
    if (url.includes('/v1/blobs/')) {
      const bytes = await buffer(init.body as ReadableStream)
      const digest = url.split('/').at(-1) ?? ''
      uploads.push(bytes.subarray(0, 1).toString())
      const answer = onUpload(bytes)
      if (answer !== undefined) return answer
      if (sha256(bytes) !== digest) return problem(400, 'digest_mismatch')
      blobs.set(digest, bytes)
      return Response.json({ ok: true })
    }
    const { files } = JSON.parse(init.body as string) as Spec
    const missing = files.filter((file) => file.data === undefined && !blobs.has(file.sha256))
    if (missing.length > 0)
      return problem(409, 'missing_blobs', { missing: missing.map((file) => file.sha256) })
    return new Response('accepted')
  }
  return { api: createApi({ url: 'http://server', apiKey: 'k', fetch }), uploads, blobs }
}

async function send(
  api: ReturnType<typeof createFakeServer>['api'],
  cwd: string,
  options: RunOptions,
  beforeSubmit: () => void = () => undefined,
) {
  const board = createUploadBoard()
  const told: UploadProgress[] = []
  board.watch((progress) => told.push(progress))
  const prepared = await prepareSpec('main.py', { cwd, ...options }, async () => [], { board })
  beforeSubmit()
  const response = await submit(api, 'exec_1', prepared, { board })
  return { response, told }
}

describe('files that the server misses', () => {
  test('are uploaded once each, and it is told how far that is', async () => {
    const { api, uploads, blobs } = createFakeServer()
    const cwd = await createDirectory({ 'main.py': 'x', a: large('a'), same: large('a'), b: large('b') })
    const inputs = [
      'a',
      'same',
      'b',
      { path: 'c', data: large('c') },
      { path: 'd', data: new Blob([large('d')]).stream() },
    ]

    const { told } = await send(api, cwd, { inputs })

    expect(uploads.toSorted()).toEqual(['a', 'b', 'c', 'd'])
    expect([...blobs].every(([digest, bytes]) => sha256(bytes) === digest)).toBe(true)
    const bytes = 4 * (LIMITS.inlineFileBytes + 1)
    expect(told.at(-1)).toMatchObject({
      phase: 'uploading',
      filesDone: 4,
      filesTotal: 4,
      bytesDone: bytes,
      bytesTotal: bytes,
    })
    expect(told[0]).toMatchObject({ phase: 'hashing', filesDone: 0, filesTotal: 6 })
  })

  test('are sent again where the connection broke, and only then', async () => {
    let breaks = 1
    const { api, uploads } = createFakeServer(() => {
      if (breaks-- > 0) throw new TypeError('fetch failed')
      return undefined
    })
    const cwd = await createDirectory({ 'main.py': 'x', a: large('a') })

    const { told } = await send(api, cwd, { inputs: ['a'] })

    expect(uploads).toEqual(['a', 'a'])
    expect(told.at(-1)).toMatchObject({ filesDone: 1, bytesDone: large('a').length })
  })

  test('that failed are all that a second call sends', async () => {
    let isFull = true
    const { api, uploads } = createFakeServer((bytes) =>
      isFull && bytes[0] === 'b'.charCodeAt(0) ? problem(507, 'storage_full') : undefined,
    )
    const cwd = await createDirectory({ 'main.py': 'x', a: large('a'), b: large('b') })

    await expect(send(api, cwd, { inputs: ['a', 'b'] })).rejects.toMatchObject({ code: 'storage_full' })
    isFull = false
    const before = uploads.length
    await send(api, cwd, { inputs: ['a', 'b'] })

    expect([before, uploads.slice(before)]).toEqual([2, ['b']])
  })
})

describe('is refused in one line, and nothing is started:', () => {
  test.for<[string, (path: string) => void, string]>([
    ['changed since', (path) => writeFileSync(path, large('z')), 'changed while it was read'],
    ['vanished since', (path) => rmSync(path), 'cannot be read (ENOENT)'],
  ])('a file that has %s', async ([, change, message]) => {
    const { api, uploads } = createFakeServer()
    const cwd = await createDirectory({ 'main.py': 'x', a: large('a') })

    const sent = send(api, cwd, { inputs: ['a'] }, () => change(join(cwd, 'a')))

    await expect(sent).rejects.toMatchObject({ code: 'invalid_request' })
    await expect(sent).rejects.toThrow(message)
    expect(uploads).toEqual([])
  })

  test('a file that changes while it is uploaded', async () => {
    const path = join(await createDirectory({ 'main.py': 'x', a: large('a') }), 'a')
    const { api } = createFakeServer(() => {
      writeFileSync(path, large('z'))
      throw new TypeError('the body is not as long as was said')
    })

    await expect(send(api, join(path, '..'), { inputs: ['a'] })).rejects.toThrow('changed while it was read')
  })

  test('a digest that was never asked for', async () => {
    const { api } = createFakeServer()
    const fetch = async () => problem(409, 'missing_blobs', { missing: ['f'.repeat(64)] })
    const odd = { ...api, ...createApi({ url: 'http://server', apiKey: 'k', fetch }) }
    const cwd = await createDirectory({ 'main.py': 'x' })

    await expect(send(odd, cwd, {})).rejects.toBeInstanceOf(RGridError)
  })
})
