import { createParser, type EventSourceMessage } from 'eventsource-parser'
import type * as z from 'zod'
import { RGridError } from '../errors.js'
import type { Api } from './api.js'
import type { FetchResponse } from './fetch.js'
import { notRGrid } from './not-rgrid.js'
import { readBytes } from './read-body.js'
import { backoffMs, pause, RETRY_LONG, type RetryPolicy } from './retry.js'

/** A stream of events that has an end and can be resumed. */
export interface StreamRule<E> {
  /** What is followed, for people. */
  readonly what: string
  readonly path: string
  /** Reads an event; `undefined` for one that a newer server sends. */
  readonly parse: (message: EventSourceMessage) => E | undefined
  /** Behind which event the stream goes on after a cut, where it has a place. */
  readonly getPosition: (event: E) => string | undefined
  readonly isEnd: (event: E) => boolean
}

/** Where to begin and how long to insist. */
export interface StreamOptions {
  /** A response whose body is already the event stream, as that of a submit. */
  readonly opened?: FetchResponse | undefined
  /** Behind which event to begin. */
  readonly position: string
  readonly signal?: AbortSignal | undefined
  /** How to go on when the connection is cut. @default RETRY_LONG */
  readonly retry?: RetryPolicy | undefined
}

// The largest event holds the record of an execution with 10,000 files.
const MAX_EVENT_BYTES = 16 * 1024 * 1024

/**
 * Follows a stream of events to its end. When the connection is cut it resumes behind the last event that has a place.
 *
 * @throws RGridError when what is followed is not there, or the server stays out of reach.
 */
export async function* followStream<E>(
  api: Api,
  rule: StreamRule<E>,
  options: StreamOptions,
): AsyncGenerator<E, void> {
  const { signal, retry = RETRY_LONG } = options
  let { opened, position } = options
  for (let failures = 0; ;) {
    const openedAt = performance.now()
    let response: FetchResponse | undefined
    try {
      response = opened ?? (await open(api, rule.path, position, signal, retry))
      opened = undefined
      for await (const event of readEvents(api.url, response, rule.parse)) {
        const reached = rule.getPosition(event)
        if (reached !== undefined) {
          failures = 0
          position = reached
        }
        yield event
        if (rule.isEnd(event)) return
      }
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason
      if (error instanceof RGridError && error.code !== 'unreachable') throw error
      // Opening has a patience of its own: when that is over, so is this.
      if (response === undefined || failures >= retry.times) throw error
    }
    // A quiet script behind a proxy that cuts quiet connections is no failure; a server that cuts at once is.
    if (performance.now() - openedAt > retry.maxDelayMs) failures = 0
    await pause(failures === 0 ? 0 : backoffMs(retry, failures), signal)
    if (++failures > retry.times)
      throw new RGridError(
        'unreachable',
        `the event stream of ${rule.what} ends again and again: the server may be restarting`,
      )
  }
}

function open(
  api: Api,
  path: string,
  position: string,
  signal: AbortSignal | undefined,
  retry: RetryPolicy,
): Promise<FetchResponse> {
  const headers = { 'last-event-id': position }
  return api.send({ method: 'GET', path, accept: 'text/event-stream', headers }, { signal, retry })
}

async function* readEvents<E>(
  url: string,
  response: FetchResponse,
  parseEvent: StreamRule<E>['parse'],
): AsyncGenerator<E, void> {
  if (response.body === null || !(response.headers.get('content-type') ?? '').startsWith('text/event-stream'))
    throw notRGrid(url, response)
  const messages: EventSourceMessage[] = []
  let tooLarge: unknown
  const parser = createParser({
    onEvent: (message) => messages.push(message),
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') tooLarge = error
    },
    maxBufferSize: MAX_EVENT_BYTES,
  })
  const decoder = new TextDecoder()
  for await (const bytes of readBytes(response.body)) {
    parser.feed(decoder.decode(bytes, { stream: true }))
    for (const message of messages.splice(0)) {
      const event = parseEvent(message)
      if (event !== undefined) yield event
    }
    if (tooLarge !== undefined)
      throw new RGridError('protocol', `${url} sent an event over ${MAX_EVENT_BYTES} bytes`, {
        cause: tooLarge,
      })
  }
}

/**
 * Reads the data of an event.
 *
 * @throws RGridError `protocol`.
 */
export function parseData<T extends z.ZodType>(schema: T, data: string): z.output<T> {
  try {
    return schema.parse(JSON.parse(data))
  } catch (error) {
    throw new RGridError('protocol', 'the server sent an event in a form this version does not know', {
      cause: error,
    })
  }
}
