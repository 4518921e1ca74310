import { Agent, fetch } from 'undici'
import type { Fetch, FetchResponse } from './fetch.js'

/** Makes a `fetch` with connections of its own. */
export function createUndiciFetch(): Fetch {
  const dispatcher = new Agent({ bodyTimeout: 0, headersTimeout: 60_000, keepAliveTimeout: 30_000 })
  return async (url, init) => {
    const request = { ...init, dispatcher } as Parameters<typeof fetch>[1]
    return (await fetch(url, request)) as FetchResponse
  }
}
