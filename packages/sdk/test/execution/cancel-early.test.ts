import { LIMITS, type Spec } from '@rgrid/protocol'
import type { Fetch } from '@rgrid/protocol/client'
import { truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createClient } from '../../src/create-client.js'
import { createFakeBatchServer, problem } from '../batch/support/fake-batch-server.js'
import { createDirectory } from '../temporary-directory.js'

const DIGEST = /[0-9a-f]{64}/

/** A server that never takes an upload to its end, and what it was asked. */
function createStuckServer() {
  const calls: string[] = []
  const fetch: Fetch = async (url, init) => {
    const { pathname } = new URL(url)
    calls.push(`${init.method} ${pathname.replace(/(exec|batch)_[0-9a-f]+/, 'ID').replace(DIGEST, 'SHA')}`)
    if (pathname.includes('/blobs/')) return new Promise<never>(() => undefined)
    const { files } = JSON.parse(init.body as string) as Spec
    const missing = files.filter(({ data }) => data === undefined).map(({ sha256 }) => sha256)
    return problem(409, 'missing_blobs', { missing })
  }
  const client = createClient({ url: 'http://server', apiKey: 'sk_1', fetch })
  return { client, calls }
}

const LARGE = 'x'.repeat(LIMITS.inlineFileBytes + 1)

async function startUpload(signal?: AbortSignal) {
  const cwd = await createDirectory({ 'a.py': 'print(1)', large: LARGE })
  const { client, calls } = createStuckServer()
  const options = { cwd, inputs: ['large'], ...(signal === undefined ? {} : { signal }) }
  const execution = client.run('a.py', options)
  execution.catch(() => undefined)
  await vi.waitFor(() => expect(calls.at(-1)).toBe('PUT /v1/blobs/SHA'))
  return { execution, calls }
}

describe('an execution that is cancelled while its files are uploaded', () => {
  test('ends at once, and was never accepted', async () => {
    const { execution, calls } = await startUpload()

    await execution.cancel()

    await expect(execution).rejects.toMatchObject({ code: 'cancelled' })
    await expect(execution.accepted).rejects.toThrow(
      /^cancelled before the server had accepted it: nothing was started$/,
    )
    expect(calls).toEqual(['PUT /v1/executions/ID', 'PUT /v1/blobs/SHA'])
    await execution.cancel()
  }, 2_000)

  test("ends so by a signal too, with the signal's reason", async () => {
    const control = new AbortController()
    const { execution, calls } = await startUpload(control.signal)

    control.abort(new Error('no more'))

    await expect(execution).rejects.toThrow(/^no more$/)
    expect(calls).toHaveLength(2)
  }, 2_000)

  test('ends so at the end of its block', async () => {
    const { execution, calls } = await startUpload()

    await execution[Symbol.asyncDispose]()

    await expect(execution).rejects.toMatchObject({ code: 'cancelled' })
    expect(calls).toHaveLength(2)
  }, 2_000)
})

describe('what is cancelled before anything is sent ends at once:', () => {
  test('an execution whose files are read', async () => {
    const cwd = await createDirectory({ 'a.py': 'print(1)', large: '' })
    await truncate(join(cwd, 'large'), 4_000_000_000)
    const { client, calls } = createStuckServer()
    const execution = client.run('a.py', { cwd, inputs: ['large'] })
    await new Promise<void>((resolve) => {
      execution.onUpload(({ bytesDone }) => bytesDone > 0 && resolve())
    })

    await execution.cancel()

    await expect(execution).rejects.toMatchObject({ code: 'cancelled' })
    expect(calls).toEqual([])
  }, 2_000)

  test('an execution whose input is a stream that never ends', async () => {
    const cwd = await createDirectory({ 'a.py': 'print(1)' })
    const { client, calls } = createStuckServer()
    const execution = client.run('a.py', { cwd, stdin: new ReadableStream<string>() })

    await execution.cancel()

    await expect(execution).rejects.toMatchObject({ code: 'cancelled' })
    expect(calls).toEqual([])
  }, 2_000)

  test('a batch whose common files are read', async () => {
    const cwd = await createDirectory({ 'a.py': 'print(1)', large: '' })
    await truncate(join(cwd, 'large'), 4_000_000_000)
    const { client, calls } = createFakeBatchServer()
    const batch = client.batch('a.py', { cwd, inputs: ['large'], each: ['a'] })

    await batch.cancel()

    await expect(batch).rejects.toMatchObject({ code: 'cancelled' })
    expect(calls).toEqual([])
  }, 2_000)
})

test('a batch that is cancelled while the files of its items are uploaded ends at once', async () => {
  const cwd = await createDirectory({ 'a.py': 'print(1)', large: LARGE })
  const { fetch, calls, items } = createFakeBatchServer()
  const stuck: Fetch = async (url, init) => {
    if (!url.includes('/blobs/')) return fetch(url, init)
    calls.push('PUT blob')
    return new Promise<never>(() => undefined)
  }
  const client = createClient({ url: 'http://server', apiKey: 'sk_1', fetch: stuck })
  onTestFinished(() => client.close())
  const batch = client.batch('a.py', { cwd, each: ['large'] })
  await vi.waitFor(() => expect(calls).toContain('PUT blob'))

  await batch.cancel()

  expect(await batch).toMatchObject({ ok: false, counts: { total: 0 }, record: { cancelRequested: true } })
  expect(items.size).toBe(0)
}, 2_000)
