import { createParser, type EventSourceMessage } from 'eventsource-parser'
import type * as z from 'zod'
import { formatCursor, LOG_START, parseCursor, type Cursor } from '../cursor.js'
import { RGridError } from '../errors.js'
import { endEventSchema, logEventSchema, stateEventSchema, type ExecutionEvent } from '../events.js'
import type { Api } from './api.js'
import type { FetchResponse } from './fetch.js'
import { readBytes } from './read-body.js'
import { notRGrid } from './not-rgrid.js'
import { backoffMs, pause, RETRY_LONG, type RetryPolicy } from './retry.js'

/** Where to begin and how long to insist. */
export interface FollowOptions {
  /** A response whose body is already the event stream, as that of a submit. */
  readonly opened?: FetchResponse | undefined
  /** @default the start of the log */
  readonly after?: Cursor | undefined
  readonly signal?: AbortSignal | undefined
  /** How to go on when the connection is cut. @default RETRY_LONG */
  readonly retry?: RetryPolicy | undefined
}

// The largest event holds the record of an execution with 10,000 files.
const MAX_EVENT_BYTES = 16 * 1024 * 1024

/**
 * Follows the events of an execution from `after` to its end. When the connection is cut it resumes behind the
 * last log chunk it has seen, so that no chunk comes twice and none is missing; after a cut the same state may
 * come again.
 *
 * @throws RGridError when the execution is not there, or the server stays out of reach.
 */
export async function* followEvents(
  api: Api,
  executionId: string,
  options: FollowOptions = {},
): AsyncGenerator<ExecutionEvent, void> {
  const { signal, retry = RETRY_LONG } = options
  let { opened, after = LOG_START } = options
  for (let failures = 0; ;) {
    const openedAt = performance.now()
    let response: FetchResponse | undefined
    try {
      response = opened ?? (await open(api, executionId, after, signal, retry))
      opened = undefined
      for await (const event of readEvents(api.url, response)) {
        if (event.type === 'log') {
          failures = 0
          after = parseCursor(event.cursor) ?? after
        }
        yield event
        if (event.type === 'end') return
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
        `the event stream of ${executionId} ends again and again: the server may be restarting`,
      )
  }
}

function open(
  api: Api,
  executionId: string,
  after: Cursor,
  signal: AbortSignal | undefined,
  retry: RetryPolicy,
): Promise<FetchResponse> {
  const headers = { 'last-event-id': formatCursor(after) }
  return api.send(
    { method: 'GET', path: `/v1/executions/${executionId}/events`, accept: 'text/event-stream', headers },
    { signal, retry },
  )
}

async function* readEvents(url: string, response: FetchResponse): AsyncGenerator<ExecutionEvent, void> {
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

function parseEvent({ event, id, data }: EventSourceMessage): ExecutionEvent | undefined {
  switch (event) {
    case 'log':
      return { type: 'log', cursor: id ?? '', log: parse(logEventSchema, data) }
    case 'state':
      return { type: 'state', state: parse(stateEventSchema, data) }
    case 'end':
      return { type: 'end', execution: parse(endEventSchema, data).execution }
    default:
      // A newer server may send events that this version does not know.
      return undefined
  }
}

function parse<T extends z.ZodType>(schema: T, data: string): z.output<T> {
  try {
    return schema.parse(JSON.parse(data))
  } catch (error) {
    throw new RGridError('protocol', 'the server sent an event in a form this version does not know', {
      cause: error,
    })
  }
}
