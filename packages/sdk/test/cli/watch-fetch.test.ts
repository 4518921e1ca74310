import type { FetchInit, FetchResponse } from '@rgrid/protocol/client'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { watchFetch } from '../../src/cli/watch-fetch.js'

const GET: FetchInit = { method: 'GET', headers: {}, redirect: 'manual' }

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A watched `fetch` over answers that a test gives one after another. */
function setUp() {
  const inner = vi.fn<(url: string, init: FetchInit) => Promise<FetchResponse>>()
  const onAway = vi.fn()
  return { inner, onAway, fetch: watchFetch(inner, onAway) }
}

const refuse = () => Promise.reject(new Error('ECONNREFUSED'))
const answer = (status: number) => async () => new Response('', { status })

it('says once that tries go on without an answer', async () => {
  const { inner, fetch, onAway } = setUp()
  inner.mockImplementation(refuse)

  for (let tries = 0; tries < 8; tries++) {
    await fetch('x', GET).catch(() => {})
    vi.advanceTimersByTime(tries === 0 ? 1_900 : 0)
  }
  expect(onAway).not.toHaveBeenCalled()
  vi.advanceTimersByTime(10_000)

  expect(onAway).toHaveBeenCalledOnce()
})

it('says that one try hangs', () => {
  const { inner, fetch, onAway } = setUp()
  inner.mockReturnValue(new Promise(() => {}))

  void fetch('x', GET)
  vi.advanceTimersByTime(2_000)

  expect(onAway).toHaveBeenCalledOnce()
})

it('says it of a proxy that stands before nothing', async () => {
  const { inner, fetch, onAway } = setUp()
  inner.mockImplementation(answer(502))

  await fetch('x', GET)
  vi.advanceTimersByTime(2_000)

  expect(onAway).toHaveBeenCalledOnce()
})

it('says nothing when an answer came, and says it again when the server is away again', async () => {
  const { inner, fetch, onAway } = setUp()
  inner.mockImplementationOnce(refuse).mockImplementationOnce(answer(404)).mockImplementation(refuse)

  await fetch('x', GET).catch(() => {})
  await fetch('x', GET)
  vi.advanceTimersByTime(10_000)
  expect(onAway).not.toHaveBeenCalled()

  await fetch('x', GET).catch(() => {})
  vi.advanceTimersByTime(2_000)
  expect(onAway).toHaveBeenCalledOnce()
})

it('says nothing of an upload under way', () => {
  const { inner, fetch, onAway } = setUp()
  inner.mockReturnValue(new Promise(() => {}))

  void fetch('x', { ...GET, body: new Blob(['x']).stream() })
  vi.advanceTimersByTime(10_000)

  expect(onAway).not.toHaveBeenCalled()
})

it('says nothing of what nobody waits for any more', async () => {
  const { inner, fetch, onAway } = setUp()
  inner.mockImplementation(refuse)

  await fetch('x', { ...GET, signal: AbortSignal.abort() }).catch(() => {})
  vi.advanceTimersByTime(10_000)

  expect(onAway).not.toHaveBeenCalled()
})
