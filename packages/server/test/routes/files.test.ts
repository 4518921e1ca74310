import { createExecutionId } from '@rgrid/protocol'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  claimOne,
  createFixture,
  createSpec,
  createTestRunner,
  inlineFile,
  readJson,
  sha256,
  submit,
  SUCCESS,
} from '../server-fixture.js'

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text))

describe('files', () => {
  test('a large file is uploaded by digest, then the execution is taken', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const big = 'x'.repeat(1_000_000)
    const { data: _data, ...file } = inlineFile('data/big.csv', big)
    const spec = createSpec({ files: [inlineFile('hello.py', ''), file] })
    const path = `/v1/executions/${createExecutionId()}`

    const refused = await fixture.send('PUT', path, spec)
    const uploaded = await fixture.send('PUT', `/v1/blobs/${file.sha256}`, bytesOf(big))
    const accepted = await fixture.send('PUT', path, spec)

    expect(await readJson(refused)).toMatchObject({ code: 'missing_blobs', missing: [file.sha256] })
    expect(uploaded.status).toBe(200)
    expect(accepted.status).toBe(201)
    const { spec: claimed } = await claimOne(runner)
    expect(claimed.files.map(({ path: name, data }) => [name, data])).toEqual([
      ['data/big.csv', undefined],
      ['hello.py', ''],
    ])
    expect(await (await fixture.send('GET', `/v1/blobs/${file.sha256}`)).text()).toBe(big)
  })

  test('bytes that are not those of the digest are refused and leave no file', async () => {
    const fixture = await createFixture()

    const response = await fixture.send('PUT', `/v1/blobs/${sha256('right')}`, bytesOf('wrong'))

    expect(await readJson(response)).toMatchObject({ code: 'digest_mismatch', status: 400 })
    expect(await readdir(join(fixture.directory, 'blobs'), { recursive: true })).toEqual(['tmp'])
    const missing = await fixture.send('POST', '/v1/blobs/missing', { digests: [sha256('right')] })
    expect(await readJson(missing)).toEqual({ digests: [sha256('right')] })
  })

  test('an upload that breaks off leaves no file', async () => {
    const fixture = await createFixture()
    const key = fixture.server.grant({ scopes: ['submit'] })
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(bytesOf('half'))
        controller.error(new Error('cut'))
      },
    })
    const init = { method: 'PUT', headers: { authorization: `Bearer ${key}` }, body, duplex: 'half' }

    const response = await fixture.server.fetch(
      new Request(`http://rgrid.test/v1/blobs/${sha256('half and more')}`, init),
    )

    expect(response.status).toBe(500)
    expect(await readdir(join(fixture.directory, 'blobs', 'tmp'))).toEqual([])
  })

  test.for([
    '..x',
    'a..b',
    '...',
    '-rf',
    ' a',
    'a ',
    '*',
    '?',
    'a b',
    '$(id)',
    "'",
    '"',
    '%2e%2e%2fx',
    'ü/ß#1',
    'a%',
  ])('the output name %j comes home exactly', async (path) => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const id = await submit(fixture)
    const claim = await claimOne(runner)
    await runner.report(claim, 'started')
    await runner.report(claim, 'complete', {
      ...SUCCESS,
      outputs: [{ ...inlineFile(path, path), executable: true }],
    })

    const { artifacts } = await readJson<{ artifacts: unknown[] }>(
      await fixture.send('GET', `/v1/executions/${id}/artifacts`),
    )
    const response = await fixture.send('GET', `/v1/executions/${id}/artifacts/${encodeURIComponent(path)}`)

    expect(artifacts).toEqual([
      expect.objectContaining({ path: 'hello.py', kind: 'input', executable: false }),
      expect.objectContaining({ path, kind: 'output', executable: true }),
    ])
    expect(await response.text()).toBe(path)
    expect(response.headers.get('content-disposition')).toMatch(/^attachment; filename\*=UTF-8''/)
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('content-security-policy')).toBe("sandbox; default-src 'none'")
    expect(response.headers.get('content-length')).toBe(String(Buffer.byteLength(path)))
  })

  test('an input is read with its kind, and slashes need no encoding', async () => {
    const fixture = await createFixture()
    const id = await submit(
      fixture,
      createSpec({ files: [inlineFile('hello.py', ''), inlineFile('a/b/c.txt', 'deep')] }),
    )

    const input = await fixture.send('GET', `/v1/executions/${id}/artifacts/a/b/c.txt?kind=input`)
    const output = await fixture.send('GET', `/v1/executions/${id}/artifacts/a/b/c.txt`)

    expect(await input.text()).toBe('deep')
    expect(output.status).toBe(404)
  })

  test('values of the environment never reach a client', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const id = await submit(fixture, createSpec({ env: { TOKEN: 'hunter2' } }))

    const record = await (await fixture.send('GET', `/v1/executions/${id}`)).text()
    const list = await (await fixture.send('GET', '/v1/executions')).text()

    expect(record).toContain('"envNames":["TOKEN"]')
    expect(record + list).not.toContain('hunter2')
    expect((await claimOne(runner)).spec.env).toEqual({ TOKEN: 'hunter2' })
  })
})

describe('lists', () => {
  test('pages are disjoint, newest first, and the last one says so', async () => {
    const fixture = await createFixture()
    const ids: string[] = []
    for (let count = 0; count < 5; count++) ids.push(await submit(fixture))
    type Page = { executions: { id: string }[]; next: string | null }
    const page = async (query: string) =>
      readJson<Page>(await fixture.send('GET', `/v1/executions?limit=2${query}`))

    const first = await page('')
    const second = await page(`&before=${first.next}`)
    const third = await page(`&before=${second.next}`)

    const seen = [first, second, third].flatMap(({ executions }) => executions.map(({ id }) => id))
    expect(seen).toEqual(ids.toReversed())
    expect(third.next).toBeNull()
  })

  test('only executions of a status are listed when it is asked for', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    await submit(fixture)
    await runner.claim()
    const queued = await submit(fixture)

    const response = await fixture.send('GET', '/v1/executions?status=queued')

    expect(await readJson(response)).toMatchObject({ executions: [{ id: queued }], next: null })
  })
})

describe('health', () => {
  test('a server whose store cannot be opened lives but is not ready', async () => {
    const { createSqliteStore } = await import('../../src/index.js')
    const fixture = await createFixture({ store: createSqliteStore({ path: '/dev/null/store.sqlite' }) })

    expect((await fixture.send('GET', '/healthz')).status).toBe(200)
    const response = await fixture.send('GET', '/readyz')
    expect(response.status).toBe(503)
    expect(await response.text()).not.toContain('/dev/null')
  })

  test('a server that works is ready and describes every route', async () => {
    const fixture = await createFixture()

    expect((await fixture.send('GET', '/readyz')).status).toBe(200)
    const description = await readJson<{ openapi: string; paths: object; components: { schemas: object } }>(
      await fixture.send('GET', '/openapi.json'),
    )
    expect(description.openapi).toBe('3.1.0')
    expect(Object.keys(description.paths)).toEqual(
      expect.arrayContaining(['/v1/executions/{id}/artifacts/{path}', '/v1/runners', '/v1/runtimes']),
    )
    expect(Object.keys(description.components.schemas)).toEqual(
      expect.arrayContaining(['Spec', 'Execution', 'Problem', 'Runner', 'Runtime', 'PoolStats']),
    )
  })
})
