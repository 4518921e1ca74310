import type { Fetch, FetchInit, FetchResponse } from '@rgrid/protocol/client'
import { expect, test } from 'vitest'
import { followUp } from '../../src/config/follow-up.js'

const OLD = { url: 'http://127.0.0.1:1', apiKey: 'sk_old' }
const NEW = { url: 'http://127.0.0.1:2', apiKey: 'sk_new' }
const GET = {
  method: 'GET',
  headers: { authorization: 'Bearer sk_old', accept: 'x' },
  redirect: 'manual',
} as const

const respond = (status: number): FetchResponse => new Response('', { status })

/** A `fetch` that answers as the given servers would, and what was asked of it. */
function setUp(
  answer: (url: string, init: FetchInit) => number | undefined,
  found: (typeof OLD | undefined)[],
) {
  const asked: string[] = []
  const fetch: Fetch = async (url, init) => {
    asked.push(`${url} ${init.headers['authorization']}`)
    const status = answer(url, init)
    if (status === undefined) throw new Error('ECONNREFUSED')
    return respond(status)
  }
  return { asked, fetch: followUp(fetch, OLD, async () => (found.length > 1 ? found.shift() : found[0])) }
}

const byKey = (_url: string, init: FetchInit): number =>
  init.headers['authorization'] === 'Bearer sk_new' ? 200 : 401
const byPort = (url: string): number | undefined => (url.startsWith(NEW.url) ? 200 : undefined)

test('a request goes on with the key of the next rgrid up', async () => {
  const next = { ...OLD, apiKey: 'sk_new' }
  const { fetch, asked } = setUp(byKey, [next])

  expect((await fetch(`${OLD.url}/v1/x?a=1`, GET)).status).toBe(200)
  await fetch(`${OLD.url}/v1/y`, GET)

  expect(asked).toEqual([
    'http://127.0.0.1:1/v1/x?a=1 Bearer sk_old',
    'http://127.0.0.1:1/v1/x?a=1 Bearer sk_new',
    'http://127.0.0.1:1/v1/y Bearer sk_new',
  ])
})

test('a request goes on at the port of the next rgrid up', async () => {
  const { fetch, asked } = setUp(byPort, [NEW])

  expect((await fetch(`${OLD.url}/v1/x`, GET)).status).toBe(200)

  expect(asked.at(-1)).toBe('http://127.0.0.1:2/v1/x Bearer sk_new')
})

test('while there is none, a refused key is a server out of reach', async () => {
  const { fetch } = setUp(byKey, [undefined, { ...OLD, apiKey: 'sk_new' }])

  await expect(fetch(`${OLD.url}/v1/x`, GET)).rejects.toThrow('rgrid up is being started anew')
  expect((await fetch(`${OLD.url}/v1/x`, GET)).status).toBe(200)
})

test('a key that the same rgrid up refuses is refused', async () => {
  const { fetch, asked } = setUp(byKey, [OLD])

  expect((await fetch(`${OLD.url}/v1/x`, GET)).status).toBe(401)
  expect(asked).toHaveLength(1)
})

test('a failure without a next one passes through', async () => {
  const { fetch, asked } = setUp(byPort, [undefined])

  await expect(fetch(`${OLD.url}/v1/x`, GET)).rejects.toThrow('ECONNREFUSED')
  expect(asked).toHaveLength(1)
})

test('a stream is not sent twice, but the next try reaches the next one', async () => {
  const { fetch, asked } = setUp(byPort, [NEW])
  const upload = { ...GET, method: 'PUT', body: new Blob(['x']).stream() }

  await expect(fetch(`${OLD.url}/v1/x`, upload)).rejects.toThrow('ECONNREFUSED')
  expect(asked).toHaveLength(1)

  expect((await fetch(`${OLD.url}/v1/x`, upload)).status).toBe(200)
})

test('nothing is tried again once nobody wants it', async () => {
  const { fetch, asked } = setUp(byPort, [NEW])

  await expect(fetch(`${OLD.url}/v1/x`, { ...GET, signal: AbortSignal.abort() })).rejects.toThrow()
  expect(asked).toHaveLength(1)
})
