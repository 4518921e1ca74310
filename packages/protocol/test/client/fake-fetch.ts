import type { Fetch, FetchInit } from '../../src/client/index.js'

export interface Request extends FetchInit {
  readonly url: string
}

/** A `fetch` that answers with what `answer` returns, or fails as it throws, and notes what it was asked. */
export function createFakeFetch(
  answer: (request: Request, index: number) => Response | Promise<Response>,
): Fetch & { readonly requests: Request[] } {
  const requests: Request[] = []
  const fetch: Fetch = async (url, init) => {
    const request = { ...init, url }
    requests.push(request)
    return answer(request, requests.length - 1)
  }
  return Object.assign(fetch, { requests })
}

export const json = (value: unknown, status = 200): Response =>
  new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json' } })

export const problem = (code: string, status: number, more: Record<string, unknown> = {}): Response =>
  new Response(
    JSON.stringify({
      type: 'about:blank',
      title: 't',
      status,
      detail: `detail of ${code}`,
      code,
      requestId: 'req_7',
      ...more,
    }),
    { status, headers: { 'content-type': 'application/problem+json' } },
  )

export const html = (status: number): Response =>
  new Response('<!doctype html><h1>Hello</h1>', {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8' },
  })

/** A body that sends `bytes` and then ends, or breaks as a cut connection does. */
export function streamOf(
  bytes: Uint8Array,
  end: 'clean' | 'broken',
  pieceBytes = 7,
): ReadableStream<Uint8Array> {
  let offset = 0
  return new ReadableStream({
    pull(controller) {
      if (offset < bytes.length) {
        controller.enqueue(bytes.slice(offset, offset + pieceBytes))
        offset += pieceBytes
      } else if (end === 'clean') controller.close()
      else controller.error(new TypeError('terminated'))
    },
  })
}
