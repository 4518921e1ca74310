import { createExecutionId, problemSchema } from '@rgrid/protocol'
import { describe, expect, test } from 'vitest'
import { listRoutes } from '../../src/app.js'
import type { Scope } from '../../src/index.js'
import { mintKey } from '../../src/http/api-keys.js'
import {
  claimOne,
  createFixture,
  createSpec,
  createTestRunner,
  grantKey,
  inlineFile,
  readJson,
  sha256,
  submit,
  SUCCESS,
} from '../server-fixture.js'
import { createTestContext } from '../test-context.js'

const ALL_SCOPES: Scope[] = ['submit', 'read', 'admin', 'runner']
const PUBLIC = ['/healthz', '/readyz', '/openapi.json']

const routes = listRoutes(createTestContext())
const guarded = routes
  .filter(({ access }) => access !== 'public')
  .map(({ method, path }) => [method, path] as const)

const fill = (path: string): string =>
  path
    .replace('attempts/{id}', `attempts/${createExecutionId()}.1`)
    .replace('{id}', createExecutionId())
    .replace('{sha256}', sha256(''))
    .replace('{path}', 'a/b.txt')

describe('access', () => {
  test('only health and the description are public', () => {
    const open = routes.filter(({ access }) => access === 'public').map(({ path }) => path)

    expect(open.toSorted()).toEqual(PUBLIC.toSorted())
    expect(guarded).toHaveLength(33)
  })

  test.for(guarded)('%s %s asks for a key', async ([method, path]) => {
    const { server } = await createFixture()

    const response = await server.fetch(
      new Request(`http://rgrid.test${fill(path)}`, { method: method.toUpperCase() }),
    )

    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe('Bearer')
    expect(problemSchema.parse(await response.json()).code).toBe('unauthenticated')
  })

  test.for(guarded)('%s %s refuses keys without its scope', async ([method, path]) => {
    const { server, send } = await createFixture()
    const access = routes.find((route) => route.method === method && route.path === path)?.access ?? []
    const others = ALL_SCOPES.filter((scope) => !access.includes(scope))

    const response = await send(method.toUpperCase(), fill(path), undefined, {
      key: grantKey(server, others),
    })

    expect(others.length).toBeGreaterThan(0)
    expect(response.status).toBe(403)
  })

  test.for([
    ['nothing', ''],
    ['no scheme', 'KEY'],
    ['another scheme', 'Basic KEY'],
    ['another case', 'bearer KEY'],
    ['no key', 'Bearer'],
    ['more behind', 'Bearer KEY x'],
    ['10 KB', `Bearer ${'x'.repeat(10_000)}`],
  ] as const)('a header with %s is refused with the same words', async ([, header]) => {
    const { server } = await createFixture()
    const authorization = header.replace('KEY', grantKey(server, ALL_SCOPES))

    const response = await server.fetch(
      new Request('http://rgrid.test/v1/executions', { headers: { authorization } }),
    )

    expect(response.status).toBe(401)
    expect((await readJson(response))['detail']).toContain('no valid API key')
  })

  test('an unknown id, a wrong secret and a key of another server are refused alike', async () => {
    const { server, send } = await createFixture()
    const right = grantKey(server, ALL_SCOPES)
    const wrongSecret = right.slice(0, -43) + mintKey('default', ALL_SCOPES).text.slice(-43)
    const unknown = mintKey('default', ALL_SCOPES).text

    expect((await send('GET', '/v1/executions', undefined, { key: right })).status).toBe(200)
    for (const key of [wrongSecret, unknown]) {
      const response = await send('GET', '/v1/executions', undefined, { key })
      expect(response.status).toBe(401)
    }
  })

  test('a key in the query or a cookie does not count', async () => {
    const { server } = await createFixture()
    const key = grantKey(server, ALL_SCOPES)

    const url = `http://rgrid.test/v1/executions?apiKey=${key}&authorization=Bearer%20${key}`
    const response = await server.fetch(new Request(url, { headers: { cookie: `apiKey=${key}` } }))

    expect(response.status).toBe(401)
  })

  test('the first keys are made once, and each has its own scopes', async () => {
    const { server, send } = await createFixture()
    const keys = await server.bootstrap()

    expect(await server.bootstrap()).toBeUndefined()
    expect((await send('GET', '/v1/executions', undefined, { key: keys?.admin ?? '' })).status).toBe(200)
    expect((await send('GET', '/v1/executions', undefined, { key: keys?.runner ?? '' })).status).toBe(403)
  })
})

describe('tenants', () => {
  test('executions, files and logs of another project are not there', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const id = await submit(fixture)
    const claim = await claimOne(runner)
    await runner.report(claim, 'started')
    await runner.report(claim, 'complete', { ...SUCCESS, outputs: [inlineFile('out.txt', 'secret')] })
    const key = grantKey(fixture.server, ALL_SCOPES, 'other')

    for (const path of [
      '',
      '/events',
      '/logs',
      '/artifacts',
      '/artifacts/out.txt',
      '/artifacts/hello.py?kind=input',
    ])
      expect((await fixture.send('GET', `/v1/executions/${id}${path}`, undefined, { key })).status).toBe(404)
    expect((await fixture.send('POST', `/v1/executions/${id}/cancel`, undefined, { key })).status).toBe(404)
    expect((await fixture.send('GET', `/v1/executions?before=${id}`, undefined, { key })).status).toBe(404)
    expect((await fixture.send('GET', `/v1/blobs/${sha256('secret')}`, undefined, { key })).status).toBe(404)
    expect(await readJson(await fixture.send('GET', '/v1/executions', undefined, { key }))).toEqual({
      executions: [],
      next: null,
    })
  })

  test('have/want never tells what another project has', async () => {
    const fixture = await createFixture()
    await submit(fixture, createSpec({ files: [inlineFile('hello.py', 'known')] }))
    const digests = [sha256('known')]
    const key = grantKey(fixture.server, ALL_SCOPES, 'other')

    const own = await fixture.send('POST', '/v1/blobs/missing', { digests })
    const others = await fixture.send('POST', '/v1/blobs/missing', { digests }, { key })

    expect(await readJson(own)).toEqual({ digests: [] })
    expect(await readJson(others)).toEqual({ digests })
  })

  test('another project cannot take an id, nor learn anything of it', async () => {
    const fixture = await createFixture()
    const id = await submit(fixture)
    const key = grantKey(fixture.server, ALL_SCOPES, 'other')

    const response = await fixture.send('PUT', `/v1/executions/${id}`, createSpec(), { key })

    expect(await readJson(response)).toMatchObject({ code: 'id_conflict' })
  })
})
