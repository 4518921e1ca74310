import { createExecutionId, LIMITS, problemSchema } from '@rgrid/protocol'
import { describe, expect, test } from 'vitest'
import { createApp } from '../../src/app.js'
import { MAX_JSON_BYTES } from '../../src/http/read-json.js'
import { mintKey } from '../../src/http/api-keys.js'
import { createDiskBlobs, createSqliteStore } from '../../src/index.js'
import {
  createFixture,
  createSpec,
  createTempDir,
  grantKey,
  inlineFile,
  readJson,
  sha256,
  submit,
} from '../server-fixture.js'
import { createTestContext } from '../test-context.js'

const JSON_TYPE = { 'content-type': 'application/json' }

/** A submit whose body is a stream, and so has no length of its own. */
function streamRequest(key: string, body: ReadableStream, headers: Record<string, string> = {}): Request {
  const init = {
    method: 'PUT',
    headers: { ...JSON_TYPE, authorization: `Bearer ${key}`, ...headers },
    body,
    // Node asks for it, and the types do not know it.
    duplex: 'half',
  }
  return new Request(`http://rgrid.test/v1/executions/${createExecutionId()}`, init)
}

describe('bad input', () => {
  test.for([
    ['an empty body', ''],
    ['truncated JSON', '{"script":"a'],
    ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['a list', '[]'],
    ['null', 'null'],
    ['an unknown field', JSON.stringify({ ...createSpec(), user: '0' })],
    [
      'an unknown field of a file',
      JSON.stringify(createSpec({ files: [{ ...inlineFile('hello.py', ''), mode: 1 } as never] })),
    ],
    ['an own __proto__', JSON.stringify(createSpec()).replace('{', '{"__proto__":{"polluted":1},')],
    ['a lone surrogate', JSON.stringify(createSpec({ args: ['\ud800'] }))],
    ['a NUL in an argument', JSON.stringify(createSpec({ args: ['\0'] }))],
    ['a number as argument', JSON.stringify(createSpec({ args: [1 as never] }))],
    [
      'an argument over the limit',
      JSON.stringify(createSpec({ args: ['x'.repeat(LIMITS.stringBytes + 1)] })),
    ],
    ['an env name with =', JSON.stringify(createSpec({ env: { 'A=B': 'x' } }))],
    ['an env name that is kept', JSON.stringify(createSpec({ env: { RGRID_URL: 'x' } }))],
    ['a timeout of 0', JSON.stringify(createSpec({ timeoutMs: 0 }))],
    ['a timeout as text', JSON.stringify(createSpec({ timeoutMs: '10' as never }))],
    ['an empty script name', JSON.stringify(createSpec({ script: '' }))],
    ['a script that is not among the files', JSON.stringify(createSpec({ script: 'other.py' }))],
    ['a path that climbs', JSON.stringify(createSpec({ script: '../a', files: [inlineFile('../a', '')] }))],
  ] as const)('%s is refused with 400 and leaves nothing behind', async ([, body]) => {
    const fixture = await createFixture()
    const bytes = new Uint8Array(Buffer.from(body))

    const response = await fixture.send('PUT', `/v1/executions/${createExecutionId()}`, bytes, {
      headers: JSON_TYPE,
    })

    expect(response.status).toBe(400)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    const problem = problemSchema.parse(await response.json())
    expect(problem.code).toBe('invalid_request')
    expect(problem.requestId).toBe(response.headers.get('x-request-id'))
    expect(await readJson(await fixture.send('GET', '/v1/executions'))).toMatchObject({ executions: [] })
    expect('polluted' in {}).toBe(false)
  })

  test.for([
    ['image', { image: 'python:3.11\n' }],
    ['image', { image: 'python:3.11\nRUN curl x' }],
    ['image', { image: '' }],
    ['image', { image: '--privileged' }],
    ['image', { image: '../x' }],
    ['image', { image: ['python'] }],
    ['image', { image: 'a'.repeat(513) }],
    ['network', { network: 'host' }],
    ['network', { network: 'container:x' }],
    ['network', { network: ['none'] }],
    ['network', { network: null }],
    ['isolation', { isolation: 'none' }],
    ['resources.cpus', { resources: { cpus: 0 } }],
    ['resources.cpus', { resources: { cpus: -1 } }],
    ['resources.cpus', { resources: { cpus: 1e15 } }],
    ['resources.cpus', { resources: { cpus: Number.NaN } }],
    ['resources.cpus', { resources: { cpus: '2' } }],
    ['resources.memoryMib', { resources: { memoryMib: 0.5 } }],
    ['resources.memoryMib', { resources: { memoryMib: 512.5 } }],
    ['resources.memoryMib', { resources: { memoryMib: 1e15 } }],
    ['resources.pids', { resources: { pids: 0 } }],
    ['resources.pids', { resources: { pids: -1 } }],
    ['resources.diskMib', { resources: { diskMib: 0 } }],
    ['resources', { resources: { user: '0' } }],
    ['resources', { resources: [] }],
    ['dependencies.path', { dependencies: { kind: 'requirements', path: '../requirements.txt' } }],
    ['dependencies.path', { dependencies: { kind: 'package', path: '/etc' } }],
    ['dependencies', { dependencies: { kind: 'inline', path: 'x' } }],
    ['(body)', { user: '0' }],
  ])('%s is named when it is wrong, and nothing is left behind: %j', async ([path, over]) => {
    const fixture = await createFixture()

    const body = { ...createSpec(), ...(over as object) }
    const response = await fixture.send('PUT', `/v1/executions/${createExecutionId()}`, body)

    expect(response.status).toBe(400)
    const { code, detail, issues } = problemSchema.parse(await response.json())
    expect({ code, paths: issues?.map((issue) => issue.path) }).toEqual({
      code: 'invalid_request',
      paths: [path],
    })
    expect(detail).toMatch(/^[^\n]+$/)
    expect(await readJson(await fixture.send('GET', '/v1/executions'))).toMatchObject({ executions: [] })
  })

  test.for(['NaN', 'Infinity', '1e999', '0x10'])('the number %s is refused', async (text) => {
    const fixture = await createFixture()
    const json = JSON.stringify(createSpec({ resources: { cpus: 7 } })).replace('"cpus":7', `"cpus":${text}`)

    const body = new Uint8Array(Buffer.from(json))
    const response = await fixture.send('PUT', `/v1/executions/${createExecutionId()}`, body, {
      headers: JSON_TYPE,
    })

    expect(await readJson(response)).toMatchObject({ code: 'invalid_request', status: 400 })
  })

  test.for(['', 'PYTHON:3.11', 'python:3.11\nRUN curl x'])(
    'runtime %j is unknown_runtime',
    async (runtime) => {
      const fixture = await createFixture()

      const spec = createSpec({ runtime })
      const response = await fixture.send('PUT', `/v1/executions/${createExecutionId()}`, spec)

      expect(await readJson(response)).toMatchObject({
        code: 'unknown_runtime',
        status: 400,
        issues: [{ path: 'runtime' }],
      })
    },
  )

  test.for([
    ['text', { 'content-type': 'text/plain' }],
    ['nothing', { 'content-type': '' }],
    ['something like JSON', { 'content-type': 'application/jsonx' }],
    ['another charset', { 'content-type': 'application/json; charset=latin1' }],
    ['gzip', { 'content-type': 'application/json', 'content-encoding': 'gzip' }],
  ] as const)('a body of %s is refused with 415', async ([, headers]) => {
    const fixture = await createFixture()

    const body = new Uint8Array(Buffer.from(JSON.stringify(createSpec())))
    const response = await fixture.send('PUT', `/v1/executions/${createExecutionId()}`, body, { headers })

    expect(response.status).toBe(415)
  })

  test('a declared length over the limit is refused before the body is read', async () => {
    const { server } = await createFixture()
    let reads = 0
    const body = new ReadableStream({ pull: () => void (reads += 1) }, { highWaterMark: 0 })

    const response = await server.fetch(
      streamRequest(grantKey(server, ['submit']), body, { 'content-length': String(MAX_JSON_BYTES + 1) }),
    )

    expect(response.status).toBe(413)
    expect(reads).toBe(0)
  })

  test('a chunked body is cut off at the limit', async () => {
    const { server } = await createFixture()
    let sent = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1024 * 1024
        controller.enqueue(new Uint8Array(1024 * 1024).fill(32))
      },
    })

    const response = await server.fetch(streamRequest(grantKey(server, ['submit']), body))

    expect(response.status).toBe(413)
    expect(sent).toBeLessThan(MAX_JSON_BYTES + 4 * 1024 * 1024)
  })

  test('a body that never ends is given up with 408', async () => {
    const { text, stored } = mintKey('default', ['submit'])
    const app = createApp(createTestContext({ bodyTimeoutMs: 1 }), { find: () => Promise.resolve(stored) })

    const response = await app.fetch(streamRequest(text, new ReadableStream()))

    expect(response.status).toBe(408)
  })

  test('an upload that stops is given up with 408', async () => {
    const { text, stored } = mintKey('default', ['submit'])
    const blobs = createDiskBlobs({ directory: await createTempDir() })
    const app = createApp(createTestContext({ blobs, bodyTimeoutMs: 1 }), {
      find: () => Promise.resolve(stored),
    })
    const init = {
      method: 'PUT',
      headers: { authorization: `Bearer ${text}` },
      body: new ReadableStream(),
      duplex: 'half',
    }

    const response = await app.fetch(new Request(`http://rgrid.test/v1/blobs/${sha256('x')}`, init))

    expect(response.status).toBe(408)
  })

  test('inline files over the limit together are refused', async () => {
    const fixture = await createFixture()
    const filler = 'x'.repeat(LIMITS.inlineFileBytes)
    const count = LIMITS.inlineTotalBytes / LIMITS.inlineFileBytes
    const files = Array.from({ length: count }, (_, index) => inlineFile(`f${index}`, filler))

    const fits = createSpec({ script: 'f0', files })
    const over = createSpec({ script: 'f0', files: [...files, inlineFile('one', 'x')] })

    expect((await fixture.send('PUT', `/v1/executions/${createExecutionId()}`, fits)).status).toBe(201)
    expect((await fixture.send('PUT', `/v1/executions/${createExecutionId()}`, over)).status).toBe(413)
  })

  test.for([
    ['another digest', { sha256: sha256('other') }],
    ['another size', { size: 1 }],
  ] as const)('an inline file with %s is refused and its bytes are not stored', async ([, over]) => {
    const fixture = await createFixture()
    const good = inlineFile('good.txt', 'good')
    const files = [inlineFile('hello.py', ''), good, { ...inlineFile('bad.txt', 'bad'), ...over }]

    const response = await fixture.send('PUT', `/v1/executions/${createExecutionId()}`, createSpec({ files }))

    expect(await readJson(response)).toMatchObject({ code: 'digest_mismatch', status: 400 })
    const missing = await fixture.send('POST', '/v1/blobs/missing', { digests: [good.sha256] })
    expect(await readJson(missing)).toEqual({ digests: [good.sha256] })
  })

  test('a file that lies about the size of a blob is refused, even beside its true twin', async () => {
    const fixture = await createFixture()
    const { data: _data, ...twin } = inlineFile('twin.txt', 'same')
    const files = [inlineFile('hello.py', ''), inlineFile('a.txt', 'same'), { ...twin, size: 999 }]

    const response = await fixture.send('PUT', `/v1/executions/${createExecutionId()}`, createSpec({ files }))

    expect(await readJson(response)).toMatchObject({ code: 'digest_mismatch' })
  })

  test.for(['nonsense', '..%2Fx', 'exec_%00', 'EXEC_0', '%zz', 'x'.repeat(10_000)])(
    'the id %s is not there',
    async (id) => {
      const { send } = await createFixture()

      expect((await send('GET', `/v1/executions/${id}`)).status).toBe(404)
      expect((await send('PUT', `/v1/executions/${id}`, createSpec())).status).toBeOneOf([400, 404])
    },
  )

  test.for(['limit=0', 'limit=101', 'limit=x', 'status=nope', 'what=1', 'limit=1&limit=2', 'before=x'])(
    'the query %s is refused',
    async (query) => {
      const { send } = await createFixture()

      expect((await send('GET', `/v1/executions?${query}`)).status).toBe(400)
    },
  )

  test('an unknown path is 404 and a wrong method is 405 with those that work', async () => {
    const { send } = await createFixture()

    const wrong = await send('DELETE', '/v1/executions')

    expect((await send('GET', '/v1/nothing')).status).toBe(404)
    expect((await send('GET', '//v1//executions')).status).toBe(404)
    expect(wrong.status).toBe(405)
    expect(wrong.headers.get('allow')).toBe('GET')
  })

  test('what the store throws is 500 without a word of it, and goes to the log', async () => {
    const store = createSqliteStore({ path: ':memory:' })
    const errors: unknown[] = []
    const broken = { ...store.executions, list: () => Promise.reject(new Error('SELECT secret FROM keys')) }
    const logger = { info: () => undefined, error: (...entry: unknown[]) => void errors.push(entry) }
    const fixture = await createFixture({ store: { ...store, executions: broken }, logger })

    const response = await fixture.send('GET', '/v1/executions')

    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('SELECT')
    expect(errors).toHaveLength(1)
  })
})

describe('submitting again', () => {
  test('the same body under the same id is the same execution, whatever the order of its fields', async () => {
    const fixture = await createFixture()
    const id = await submit(fixture, createSpec({ env: { A: '1', B: '2' }, labels: { x: 'y' } }))

    const again = await fixture.send('PUT', `/v1/executions/${id}`, {
      labels: { x: 'y' },
      env: { B: '2', A: '1' },
      ...createSpec(),
    })

    expect(again.status).toBe(200)
    expect(await readJson(await fixture.send('GET', '/v1/executions'))).toMatchObject({
      executions: [{ id }],
    })
  })

  test('the bytes may be left out the second time', async () => {
    const fixture = await createFixture()
    const id = await submit(fixture)
    const files = createSpec().files.map(({ data: _data, ...file }) => file)

    const again = await fixture.send('PUT', `/v1/executions/${id}`, createSpec({ files }))

    expect(again.status).toBe(200)
  })

  test.for([
    { args: ['x'] },
    { env: { A: '1' } },
    { timeoutMs: 1 },
    { labels: { a: 'b' } },
    { executor: 'docker' },
    { image: 'python' },
    { network: 'none' },
    { isolation: 'shared' },
    { resources: { cpus: 1 } },
    { dependencies: { kind: 'inline' } },
    { folders: ['empty'] },
    { files: [inlineFile('hello.py', 'other')] },
  ] as const)('another body is a conflict: %j', async (over) => {
    const fixture = await createFixture()
    const id = await submit(fixture)

    const response = await fixture.send('PUT', `/v1/executions/${id}`, createSpec(over as never))

    expect(await readJson(response)).toMatchObject({ code: 'id_conflict', status: 409 })
  })

  test('ten at once are one execution', async () => {
    const fixture = await createFixture()
    const id = createExecutionId()

    const all = await Promise.all(
      Array.from({ length: 10 }, () => fixture.send('PUT', `/v1/executions/${id}`, createSpec())),
    )

    expect(all.map(({ status }) => status).toSorted()).toEqual([...Array.from({ length: 9 }, () => 200), 201])
  })
})
