import type { UpFile } from '@rgrid/protocol'
import type { Fetch, FetchInit, FetchResponse } from '@rgrid/protocol/client'

/** Where a `rgrid up` listens, and the key that is good as long as it lives. */
type Place = Pick<UpFile, 'url' | 'apiKey'>

const UNAUTHORIZED = 401

/**
 * Makes a `fetch` that goes on with the next `rgrid up` when the one it knew was started anew: its key is another then,
 * and its port may be. While there is none, requests fail as if the server were out of reach, which passes.
 *
 * @param read - finds the one that runs now
 */
export function followUp(fetch: Fetch, first: Place, read: () => Promise<Place | undefined>): Fetch {
  let now = first

  /** Looks whether there is another one than `known` by now. */
  const look = async (known: Place): Promise<'moved' | 'same' | 'gone'> => {
    const next = await read()
    if (next !== undefined) now = next
    if (now.url !== known.url || now.apiKey !== known.apiKey) return 'moved'
    return next === undefined ? 'gone' : 'same'
  }
  const send = (url: string, init: FetchInit, { url: base, apiKey }: Place): Promise<FetchResponse> =>
    fetch(base + url.slice(first.url.length), {
      ...init,
      headers: { ...init.headers, authorization: `Bearer ${apiKey}` },
    })

  return async (url, init) => {
    const known = now
    // What has been sent of a stream cannot be sent again: whoever made it tries anew, and reaches the next one.
    const isRepeatable = !(init.body instanceof ReadableStream)
    let response: FetchResponse
    try {
      response = await send(url, init, known)
    } catch (error) {
      if (init.signal?.aborted === true || (await look(known)) !== 'moved' || !isRepeatable) throw error
      return send(url, init, now)
    }
    if (response.status !== UNAUTHORIZED) return response
    const found = await look(known)
    if (found === 'same') return response
    await response.body?.cancel().catch(() => undefined)
    if (found === 'moved' && isRepeatable) return send(url, init, now)
    throw new Error('rgrid up is being started anew')
  }
}
