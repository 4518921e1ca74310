import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { createApi, NO_RETRY, type Api, type Fetch, type RetryPolicy } from '../../src/client/index.js'
import { ERROR_STATUS, RGridError } from '../../src/index.js'
import { createFakeFetch, html, json, problem, streamOf } from './fake-fetch.js'

const okSchema = z.object({ ok: z.literal(true) })
const QUICK: RetryPolicy = { times: 3, firstDelayMs: 1, maxDelayMs: 2 }

const apiOver = (fetch: Fetch): Api => createApi({ url: 'http://server.test', apiKey: 'sk_a_b', fetch })

const get = (api: Api, retry = NO_RETRY, signal?: AbortSignal) =>
  api.call(okSchema, { method: 'GET', path: '/v1/x' }, { retry, signal })

async function failureOf(promise: Promise<unknown>): Promise<RGridError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof RGridError)) throw new Error('expected an RGridError', { cause: error })
  return error
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('a server’s URL', () => {
  test.for(['', 'localhost', 'localhost:8080', 'ftp://x', 'file:///etc', 'http://', '//x', 'javascript:1'])(
    '%j is refused and the right form is shown',
    async (url) => {
      const error = await failureOf((async () => createApi({ url, apiKey: 'k' }))())

      expect(error.code).toBe('invalid_config')
      expect(error.message).toContain('http://host:port')
    },
  )

  test('with a password is refused without repeating it', async () => {
    const error = await failureOf((async () => createApi({ url: 'http://me:secret@x', apiKey: 'k' }))())

    expect(error.code).toBe('invalid_config')
    expect(error.message).toContain('RGRID_API_KEY')
    expect(error.message).not.toContain('secret')
  })

  test.for([
    ['http://host:1', 'http://host:1'],
    ['https://host/', 'https://host'],
    ['https://host/rgrid//', 'https://host/rgrid'],
    ['https://host/a?b#c', 'https://host/a'],
  ])('%j is used as %j', ([url, base]) => {
    expect(createApi({ url: url ?? '', apiKey: 'k' }).url).toBe(base)
  })
})

describe('a request', () => {
  test('carries the key, the JSON and no order to follow redirects', async () => {
    const fetch = createFakeFetch(() => json({ ok: true }))

    await apiOver(fetch).call(okSchema, { method: 'PUT', path: '/v1/x', json: { a: 'ü' } })

    expect(fetch.requests[0]).toMatchObject({
      url: 'http://server.test/v1/x',
      method: 'PUT',
      redirect: 'manual',
      headers: {
        authorization: 'Bearer sk_a_b',
        accept: 'application/json',
        'content-type': 'application/json',
      },
      body: '{"a":"ü"}',
    })
  })

  test('makes its body anew for every try', async () => {
    const fetch = createFakeFetch((_, index) =>
      index === 0 ? problem('unavailable', 503) : json({ ok: true }),
    )
    let made = 0
    const body = (): Uint8Array<ArrayBuffer> => new Uint8Array([++made])

    await apiOver(fetch).send({ method: 'PUT', path: '/b', body, bodyBytes: 1 }, { retry: QUICK })

    expect(fetch.requests.map((request) => request.body)).toEqual([new Uint8Array([1]), new Uint8Array([2])])
    expect(fetch.requests[1]?.headers).toMatchObject({
      'content-length': '1',
      'content-type': 'application/octet-stream',
    })
  })
})

describe('an answer', () => {
  test.for(Object.entries(ERROR_STATUS))(
    'with the problem %s (%s) becomes an error',
    async ([code, status]) => {
      const issues = [{ path: 'args', message: 'too many' }]
      const missing = ['a'.repeat(64)]
      const fetch = createFakeFetch(() => problem(code, status, { issues, missing }))

      const error = await failureOf(get(apiOver(fetch)))

      expect(error).toMatchObject({ code, message: `detail of ${code}`, requestId: 'req_7', issues, missing })
    },
  )

  test.for<[string, () => Response, string, RegExp]>([
    ['HTML with status 200', () => html(200), 'not_rgrid', /text\/html.*check the URL/],
    ['HTML with status 404', () => html(404), 'not_rgrid', /status 404/],
    ['no type', () => new Response(null, { status: 200 }), 'not_rgrid', /untyped/],
    [
      'broken JSON',
      () => new Response('{"ok":', { headers: { 'content-type': 'application/json' } }),
      'protocol',
      /broken JSON/,
    ],
    [
      'an error in broken JSON',
      () => new Response('{', { status: 500, headers: { 'content-type': 'application/json' } }),
      'protocol',
      /broken JSON/,
    ],
    ['JSON of another form', () => json({ ok: 'yes' }), 'protocol', /versions/],
    ['an error of another kind', () => json({ error: 'nope' }, 400), 'not_rgrid', /another kind/],
    ['a problem with an unknown code', () => problem('teapot', 418), 'not_rgrid', /418/],
    [
      'a redirect',
      () => new Response(null, { status: 302, headers: { location: 'http://evil.test/' } }),
      'not_rgrid',
      /redirects to http:\/\/evil\.test/,
    ],
  ])('of %s says so', async ([, answer, code, message]) => {
    const fetch = createFakeFetch(answer)

    const error = await failureOf(get(apiOver(fetch), QUICK))

    expect(error.code).toBe(code)
    expect(error.message).toMatch(message)
    expect(fetch.requests).toHaveLength(1)
  })

  test.for([200, 500])('that is too large is not read to its end, with status %s', async (status) => {
    let sent = 0
    let cancelled = false
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent++
        controller.enqueue(new Uint8Array(1024 * 1024).fill(32))
      },
      cancel() {
        cancelled = true
      },
    })
    const headers = { 'content-type': 'application/json' }
    const fetch = createFakeFetch(() => new Response(body, { status, headers }))

    const error = await failureOf(get(apiOver(fetch)))

    expect(error.code).toBe('protocol')
    expect(sent).toBeLessThan(40)
    expect(cancelled).toBe(true)
  })

  test.for([200, 500])('that breaks off is asked for again, with status %s', async (status) => {
    const headers = { 'content-type': 'application/json' }
    const fetch = createFakeFetch((_, index) =>
      index === 0
        ? new Response(streamOf(new TextEncoder().encode('{"ok"'), 'broken'), { status, headers })
        : json({ ok: true }),
    )

    await expect(get(apiOver(fetch), QUICK)).resolves.toEqual({ ok: true })
    expect(fetch.requests).toHaveLength(2)
  })

  test('that is not read is let go, so that its connection is free', async () => {
    let cancelled = false
    const body = new ReadableStream({
      cancel() {
        cancelled = true
      },
    })
    const fetch = createFakeFetch(
      () => new Response(body, { status: 200, headers: { 'content-type': 'text/html' } }),
    )

    await failureOf(get(apiOver(fetch)))

    expect(cancelled).toBe(true)
  })
})

describe('a passing failure', () => {
  const passing: [string, () => Response][] = [
    [
      'a refused connection',
      () => {
        throw new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') })
      },
    ],
    ['an unavailable server', () => problem('unavailable', 503)],
    ['a proxy without a server', () => html(502)],
    ['a proxy that gave up', () => html(504)],
  ]

  test.for(passing)('of %s is tried again', async ([, fail]) => {
    const fetch = createFakeFetch((_, index) => (index < 3 ? fail() : json({ ok: true })))

    await expect(get(apiOver(fetch), QUICK)).resolves.toEqual({ ok: true })
    expect(fetch.requests).toHaveLength(4)
  })

  test.for(passing)('of %s is tried as often as the policy says, and no more', async ([, fail]) => {
    const fetch = createFakeFetch(fail)

    expect((await failureOf(get(apiOver(fetch), QUICK))).code).toMatch(/unreachable|unavailable/)
    expect(fetch.requests).toHaveLength(4)
  })

  test.for(passing)('of %s is not tried again where nothing may be', async ([, fail]) => {
    const fetch = createFakeFetch(fail)

    await failureOf(get(apiOver(fetch), NO_RETRY))

    expect(fetch.requests).toHaveLength(1)
  })

  test.for(Object.entries(ERROR_STATUS).filter(([code]) => code !== 'unavailable'))(
    'is none of %s (%s)',
    async ([code, status]) => {
      const fetch = createFakeFetch(() => problem(code, status))

      expect((await failureOf(get(apiOver(fetch), QUICK))).code).toBe(code)
      expect(fetch.requests).toHaveLength(1)
    },
  )
})

describe('an abort', () => {
  test('ends a request with its own reason', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const fetch = createFakeFetch(async () => {
      controller.abort(reason)
      throw new TypeError('fetch failed')
    })

    await expect(get(apiOver(fetch), QUICK, controller.signal)).rejects.toBe(reason)
    expect(fetch.requests).toHaveLength(1)
  })

  test('ends the pause before the next try', async () => {
    const controller = new AbortController()
    const fetch = createFakeFetch(() => {
      setTimeout(() => controller.abort(new Error('enough')), 5)
      return problem('unavailable', 503)
    })
    const slow: RetryPolicy = { times: 3, firstDelayMs: 60_000, maxDelayMs: 60_000 }

    await expect(get(apiOver(fetch), slow, controller.signal)).rejects.toThrow('enough')
    expect(fetch.requests).toHaveLength(1)
  })
})

describe('over HTTP', () => {
  test('a redirect is not followed and the key goes nowhere else', async () => {
    const seen: (string | undefined)[] = []
    const other = await listen(
      createServer((request, response) => {
        seen.push(request.headers.authorization)
        response.end()
      }),
    )
    const url = await listen(
      createServer((_, response) => void response.writeHead(307, { location: `${other}/v1/x` }).end()),
    )

    const error = await failureOf(get(createApi({ url, apiKey: 'sk_a_b' })))

    expect(error.code).toBe('not_rgrid')
    expect(error.message).toContain(other)
    expect(error.message).not.toContain('sk_a_b')
    expect(seen).toEqual([])
  })

  test('no server at all is named with its address and the reason', async () => {
    const server = createServer()
    const url = await listen(server)
    await new Promise((resolve) => server.close(resolve))

    const error = await failureOf(get(createApi({ url, apiKey: 'k' })))

    expect(error.code).toBe('unreachable')
    expect(error.message).toContain(url)
    expect(error.message).toContain('ECONNREFUSED')
  })

  test('what a server in this process says itself is passed on as it is, and once', async () => {
    const error = new RGridError('invalid_config', 'RGRID_RUNTIMES: broken')
    let calls = 0
    const api = apiOver(() => {
      calls += 1
      return Promise.reject(error)
    })

    expect(await failureOf(get(api, QUICK))).toBe(error)
    expect(calls).toBe(1)
  })

  test('a JSON answer and a streamed body go through', async () => {
    const url = await listen(
      createServer((request, response) => {
        let bytes = 0
        request.on('data', (piece: Buffer) => (bytes += piece.length))
        request.on('end', () => {
          response.setHeader('content-type', 'application/json')
          response.end(
            JSON.stringify({ ok: bytes === 100_000 && request.headers['content-length'] === '100000' }),
          )
        })
      }),
    )
    const body = (): ReadableStream<Uint8Array> => streamOf(new Uint8Array(100_000), 'clean', 9_000)

    const answer = createApi({ url, apiKey: 'k' }).call(okSchema, {
      method: 'PUT',
      path: '/b',
      body,
      bodyBytes: 100_000,
    })

    await expect(answer).resolves.toEqual({ ok: true })
  })
})
