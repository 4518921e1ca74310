import { createExecutionId, executionSchema } from '@rgrid/protocol'
import { createApi, followEvents, NO_RETRY } from '@rgrid/protocol/client'
import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { once } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import { listen } from '../src/index.js'
import {
  createFixture,
  createSpec,
  createTestRunner,
  getExecution,
  grantKey,
  submit,
  type Fixture,
} from './server-fixture.js'

async function listenTo({ server }: Fixture) {
  const listener = await listen(server, { port: 0 })
  onTestFinished(() => listener.close())
  const api = createApi({ url: listener.url, apiKey: grantKey(server, ['submit', 'read']) })
  return { listener, api }
}

describe('listen', () => {
  test('answers over HTTP with the request id', async () => {
    const { listener, api } = await listenTo(await createFixture())

    const response = await api.send({ method: 'GET', path: '/healthz' })

    expect(listener.url).toBe(`http://127.0.0.1:${listener.port}`)
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('leaves the globals of its host alone', async () => {
    const before = [globalThis.Request, globalThis.Response]

    await listenTo(await createFixture())

    expect([globalThis.Request, globalThis.Response]).toEqual(before)
  })

  test('sends the first event of a queued execution at once', async () => {
    const { api } = await listenTo(await createFixture())
    const id = createExecutionId()
    const path = `/v1/executions/${id}`
    await api.call(executionSchema, { method: 'PUT', path, json: createSpec() })

    for await (const event of followEvents(api, id)) {
      expect(event).toMatchObject({ type: 'state', state: { status: 'queued' } })
      break
    }
  })

  test('a runner that hangs up while it waits is given nothing', async () => {
    const fixture = await createFixture()
    const { runnerId } = await createTestRunner(fixture)
    let noteAbort: () => void = () => undefined
    const aborted = new Promise<void>((resolve) => (noteAbort = resolve))
    let noteArrival: () => void = () => undefined
    const arrived = new Promise<void>((resolve) => (noteArrival = resolve))
    const fetch: typeof fixture.server.fetch = (request) => {
      request.signal.addEventListener('abort', noteAbort)
      noteArrival()
      return fixture.server.fetch(request)
    }
    const listener = await listen({ ...fixture.server, fetch }, { port: 0 })
    onTestFinished(() => listener.close())
    const api = createApi({ url: listener.url, apiKey: grantKey(fixture.server, ['runner']) })
    const gone = new AbortController()
    const json = { runnerId, claimId: randomUUID(), max: 1, waitMs: 10_000 }
    const claim = { method: 'POST', path: '/v1/runner/claims', json } as const
    const waiting = api.send(claim, { signal: gone.signal }).catch(() => undefined)
    await arrived

    gone.abort()
    await aborted
    const id = await submit(fixture)

    await waiting
    expect((await getExecution(fixture, id)).status).toBe('queued')
  })

  test('closing ends event streams and refuses new connections, twice is fine', async () => {
    const fixture = await createFixture()
    const { listener, api } = await listenTo(fixture)
    const id = createExecutionId()
    await api.call(executionSchema, { method: 'PUT', path: `/v1/executions/${id}`, json: createSpec() })
    const opened = await api.send({ method: 'GET', path: `/v1/executions/${id}/events` })
    const reader = opened.body?.getReader()
    await reader?.read()

    const [rest] = await Promise.all([reader?.read(), listener.close()])
    await listener.close()

    expect(rest?.done).toBe(true)
    await expect(api.send({ method: 'GET', path: '/healthz' }, { retry: NO_RETRY })).rejects.toMatchObject({
      code: 'unreachable',
    })
  })

  test('an oversized body gets its answer before it has come', async () => {
    const fixture = await createFixture()
    const { listener } = await listenTo(fixture)
    const socket = connect(listener.port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    socket.write(
      `PUT /v1/executions/${createExecutionId()} HTTP/1.1\r\nHost: x\r\n` +
        `Authorization: Bearer ${grantKey(fixture.server, ['submit'])}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 999999999\r\n\r\n',
    )

    const [bytes] = (await once(socket, 'data')) as [Buffer]

    expect(bytes.toString()).toMatch(/^HTTP\/1\.1 413 /)
  })

  test('a port that is taken is an error', async () => {
    const { listener } = await listenTo(await createFixture())

    await expect(listen((await createFixture()).server, { port: listener.port })).rejects.toThrow(
      /EADDRINUSE/,
    )
  })
})
