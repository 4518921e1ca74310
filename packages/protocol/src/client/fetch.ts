/** What RGrid asks of a `fetch`: less than the standard has, so that every implementation fits. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchResponse>

/** The part of a request that RGrid uses. */
export interface FetchInit {
  readonly method: string
  readonly headers: Record<string, string>
  readonly body?: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>
  /** Needed by the standard for a streamed body. */
  readonly duplex?: 'half'
  readonly redirect: 'manual' | 'error'
  /** Nobody is asked for a password. With `redirect: 'error'` it also keeps undici from holding a second copy of a body. */
  readonly window?: null
  readonly signal?: AbortSignal
}

/** The part of a response that RGrid uses. */
export interface FetchResponse {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  readonly body: ReadableStream<Uint8Array> | null
}

/**
 * A `fetch` over undici with connections that are kept, and without a time limit on bodies: an event stream may be
 * silent for as long as its script is. Loaded at the first request, as it takes a noticeable time.
 */
export function createHttpFetch(): Fetch {
  let loaded: Promise<Fetch> | undefined
  const load = async (): Promise<Fetch> => (await import('./undici-fetch.js')).createUndiciFetch()
  return async (url, init) => (await (loaded ??= load()))(url, init)
}
