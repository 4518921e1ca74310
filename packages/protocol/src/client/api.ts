import type * as z from 'zod'
import { problemSchema, RGridError } from '../errors.js'
import { notRGrid } from './not-rgrid.js'
import { createHttpFetch, type Fetch, type FetchInit, type FetchResponse } from './fetch.js'
import { readText } from './read-body.js'
import { RETRY_BRIEFLY, withRetry, type RetryPolicy } from './retry.js'

/** Where the server is and who asks. */
export interface ApiOptions {
  /** The server's address, such as `https://rgrid.example.com`. */
  readonly url: string
  readonly apiKey: string
  /** @default undici's, with kept connections */
  readonly fetch?: Fetch | undefined
}

/** One request. */
export interface Call {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** Begins with `/`; ids and names in it are already encoded. */
  readonly path: string
  /** Sent as JSON. */
  readonly json?: unknown
  /** Makes the body anew for every try, so that a repeated upload starts from its beginning. */
  readonly body?: () => Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>
  /** The length of a streamed body in bytes, where it is known. */
  readonly bodyBytes?: number
  readonly accept?: string
  readonly headers?: Record<string, string>
}

/** How a request is made. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  /**
   * Every route that RGrid has may be repeated: submits carry their id, runners their fence and sequence numbers.
   *
   * @default RETRY_BRIEFLY
   */
  readonly retry?: RetryPolicy | undefined
}

/** Makes requests to one server. */
export interface Api {
  readonly url: string
  /**
   * Makes a request and returns its response, which is a success.
   *
   * @throws RGridError with the server's code, or `unreachable`, `not_rgrid`, `protocol`.
   */
  send(call: Call, options?: CallOptions): Promise<FetchResponse>
  /** Makes a request and reads its JSON answer by a schema. */
  call<T extends z.ZodType>(schema: T, call: Call, options?: CallOptions): Promise<z.output<T>>
}

/**
 * Makes an {@link Api} over one server.
 *
 * @throws RGridError `invalid_config` when the address is not an http(s) URL.
 */
export function createApi({ url, apiKey, fetch = createHttpFetch() }: ApiOptions): Api {
  const base = normalizeUrl(url)
  const authorization = `Bearer ${apiKey}`

  const sendOnce = async (call: Call, signal: AbortSignal | undefined): Promise<FetchResponse> => {
    let response: FetchResponse
    try {
      response = await fetch(base + call.path, toInit(call, authorization, signal))
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason
      // A server in this process says itself why it cannot answer.
      if (error instanceof RGridError) throw error
      throw new RGridError(
        'unreachable',
        `no answer from ${base} (${reasonOf(error)}): check that the server runs and that the URL is right`,
        { cause: error },
      )
    }
    if (response.status >= 200 && response.status < 300) return response
    throw await toError(base, response, signal)
  }

  const send: Api['send'] = (call, { signal, retry = RETRY_BRIEFLY } = {}) =>
    withRetry(retry, signal, () => sendOnce(call, signal))

  return {
    url: base,
    send,
    async call(schema, call, options = {}) {
      const { signal, retry = RETRY_BRIEFLY } = options
      return withRetry(retry, signal, async () =>
        parseAnswer(base, schema, await sendOnce(call, signal), signal),
      )
    },
  }
}

function normalizeUrl(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:')
    throw new RGridError(
      'invalid_config',
      `"${url}" is not the URL of a server: write it as http://host:port`,
    )
  if (parsed.username !== '' || parsed.password !== '')
    throw new RGridError(
      'invalid_config',
      'a server URL may not hold a password: put the API key into RGRID_API_KEY',
    )
  return (parsed.origin + parsed.pathname).replace(/\/+$/, '')
}

function toInit(call: Call, authorization: string, signal: AbortSignal | undefined): FetchInit {
  const headers: Record<string, string> = {
    authorization,
    accept: call.accept ?? 'application/json',
    ...call.headers,
  }
  const common = {
    method: call.method,
    headers,
    redirect: 'manual',
    ...(signal === undefined ? {} : { signal }),
  } as const
  if (call.json !== undefined) {
    headers['content-type'] = 'application/json'
    return { ...common, body: JSON.stringify(call.json) }
  }
  if (call.body === undefined) return common
  headers['content-type'] = 'application/octet-stream'
  if (call.bodyBytes !== undefined) headers['content-length'] = String(call.bodyBytes)
  // Otherwise `fetch` keeps all that it has sent in memory, for the case that it has to send it again.
  return { ...common, redirect: 'error', window: null, body: call.body(), duplex: 'half' }
}

async function parseAnswer<T extends z.ZodType>(
  base: string,
  schema: T,
  response: FetchResponse,
  signal: AbortSignal | undefined,
): Promise<z.output<T>> {
  const answer = schema.safeParse(await readJson(base, response, signal))
  if (answer.success) return answer.data
  throw new RGridError(
    'protocol',
    `${base} answered in a form this version does not know: client and server may be of different versions`,
    {
      cause: answer.error,
    },
  )
}

async function readJson(
  base: string,
  response: FetchResponse,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const type = response.headers.get('content-type') ?? ''
  if (!/^application\/(?:problem\+)?json\b/.test(type)) {
    // An unread body would keep its connection busy.
    await response.body?.cancel().catch(() => undefined)
    throw notRGrid(base, response)
  }
  const text = await readText(response).catch((error: unknown) => {
    if (signal?.aborted === true) throw signal.reason
    if (error instanceof RGridError) throw error
    throw new RGridError('unreachable', `the connection to ${base} broke in the middle of an answer`, {
      cause: error,
    })
  })
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new RGridError('protocol', `${base} answered with broken JSON`, { cause: error })
  }
}

// What a proxy says when the server behind it does not answer.
async function toError(
  base: string,
  response: FetchResponse,
  signal: AbortSignal | undefined,
): Promise<RGridError> {
  const problem = problemSchema.safeParse(await readJson(base, response, signal))
  if (!problem.success) return notRGrid(base, response)
  const { code, detail, ...known } = problem.data
  return new RGridError(code, detail, known)
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error
  if (cause instanceof AggregateError) return reasonOf(cause.errors[0])
  return cause instanceof Error
    ? 'code' in cause && typeof cause.code === 'string'
      ? cause.code
      : cause.message
    : String(cause)
}
