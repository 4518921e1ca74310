import { describe, expect, test } from 'vitest'
import {
  createApi,
  followEvents,
  type Fetch,
  type FollowOptions,
  type RetryPolicy,
} from '../../src/client/index.js'
import {
  formatCursor,
  parseCursor,
  RGridError,
  type ExecutionEvent,
  type ExecutionRecord,
} from '../../src/index.js'
import { createFakeFetch, html, problem, streamOf } from './fake-fetch.js'

const ID = 'exec_0192f0c1a2b37c4d8e5f60718293a4b5'
const QUICK: RetryPolicy = { times: 3, firstDelayMs: 1, maxDelayMs: 2 }
const at = '2025-01-01T00:00:00.000Z'

const record: ExecutionRecord = {
  id: ID,
  status: 'completed',
  cause: 'exit',
  exitCode: 0,
  signal: null,
  message: null,
  script: 'a.py',
  args: [],
  rewrites: [],
  envNames: [],
  runtime: 'python',
  executor: 'process',
  timeoutMs: 1000,
  image: null,
  resources: {},
  network: null,
  isolation: 'execution',
  labels: {},
  outputs: null,
  priority: 0,
  retries: null,
  retryOf: null,
  cache: null,
  notBefore: null,
  attempt: 2,
  cancelRequested: false,
  createdAt: at,
  claimedAt: at,
  startedAt: at,
  finishedAt: at,
  timings: { queuedMs: 1, preparingMs: 1, runningMs: 1, finishingMs: 1, totalMs: 4 },
  phases: null,
  usage: null,
  costMicrons: null,
  logs: { stdoutBytes: 4, stderrBytes: 2, droppedBytes: 0, cursor: '2.2' },
  artifacts: [],
  skipped: [],
  notes: [],
  attempts: [],
}

const log = (attempt: number, seq: number, text: string) => ({
  event: 'log',
  id: formatCursor({ attempt, seq }),
  data: { stream: 'stdout', at: 1, text },
})

const state = (status: string) => ({
  event: 'state',
  id: undefined,
  data: { status, attempt: 1, message: null },
})

const end = { event: 'end', id: undefined, data: { execution: record } }

type WireEvent = ReturnType<typeof log> | ReturnType<typeof state> | typeof end

// Two attempts, and text of several bytes per character.
const history: readonly WireEvent[] = [
  state('queued'),
  log(1, 1, 'a'),
  log(1, 2, 'ü😀'),
  state('running'),
  log(2, 1, 'line\n\ndata: x\n'),
  log(2, 2, 'z'),
  end,
]

const encode = (events: readonly WireEvent[]): Uint8Array =>
  new TextEncoder().encode(
    events
      .map(({ event, id, data }) => {
        const idLine = id === undefined ? '' : `id: ${id}\n`
        return `event: ${event}\n${idLine}data: ${JSON.stringify(data)}\n\n`
      })
      .join(''),
  )

const eventStream = (body: ReadableStream<Uint8Array>): Response =>
  new Response(body, { headers: { 'content-type': 'text/event-stream' } })

/** What a server sends to one who has everything up to `after`. */
const restAfter = (after: string): readonly WireEvent[] => {
  const from = parseCursor(after)
  if (from === undefined) throw new Error(`not a cursor: ${after}`)
  return history.filter(({ id }) => {
    const cursor = id === undefined ? undefined : parseCursor(id)
    return (
      cursor === undefined ||
      cursor.attempt > from.attempt ||
      (cursor.attempt === from.attempt && cursor.seq > from.seq)
    )
  })
}

const lastEventId = (headers: Record<string, string>): string => headers['last-event-id'] ?? '0.0'

const collect = async (fetch: Fetch, options: FollowOptions = {}): Promise<ExecutionEvent[]> => {
  const api = createApi({ url: 'http://server.test', apiKey: 'k', fetch })
  const events: ExecutionEvent[] = []
  for await (const event of followEvents(api, ID, { retry: QUICK, ...options })) events.push(event)
  return events
}

const logsOf = (events: readonly ExecutionEvent[]): string[] =>
  events.flatMap((event) => (event.type === 'log' ? [`${event.cursor} ${event.log.text ?? ''}`] : []))

const ALL_LOGS = ['1.1 a', '1.2 ü😀', '2.1 line\n\ndata: x\n', '2.2 z']

describe('the events of an execution', () => {
  test('come in order, and the stream ends with the end event', async () => {
    const fetch = createFakeFetch(() => eventStream(streamOf(encode(history), 'clean')))

    const events = await collect(fetch)

    expect(events.map(({ type }) => type)).toEqual(['state', 'log', 'log', 'state', 'log', 'log', 'end'])
    expect(logsOf(events)).toEqual(ALL_LOGS)
    expect(events.at(-1)).toEqual({ type: 'end', execution: record })
    expect(fetch.requests[0]).toMatchObject({
      url: `http://server.test/v1/executions/${ID}/events`,
      headers: { accept: 'text/event-stream', 'last-event-id': '0.0' },
    })
  })

  test.for([1, 2, 3, 1000])('come whole however the bytes are split, %s at a time', async (pieceBytes) => {
    const fetch = createFakeFetch(() => eventStream(streamOf(encode(history), 'clean', pieceBytes)))

    expect(logsOf(await collect(fetch))).toEqual(ALL_LOGS)
  })

  test('begin behind a cursor', async () => {
    const fetch = createFakeFetch(({ headers }) =>
      eventStream(streamOf(encode(restAfter(lastEventId(headers))), 'clean')),
    )

    expect(logsOf(await collect(fetch, { after: { attempt: 1, seq: 2 } }))).toEqual(ALL_LOGS.slice(2))
  })

  test('are read from a response that is there already', async () => {
    const fetch = createFakeFetch(() => problem('internal', 500))

    const events = await collect(fetch, { opened: eventStream(streamOf(encode(history), 'clean')) })

    expect(logsOf(events)).toEqual(ALL_LOGS)
    expect(fetch.requests).toEqual([])
  })

  test('of a kind that is not known are passed over, and so are comments', async () => {
    const text = `: ping\n\nevent: weather\ndata: sunny\n\nevent: end\ndata: ${JSON.stringify(end.data)}\n\n`
    const fetch = createFakeFetch(() => eventStream(streamOf(new TextEncoder().encode(text), 'clean')))

    expect((await collect(fetch)).map(({ type }) => type)).toEqual(['end'])
  })
})

describe('after a cut', () => {
  const whole = encode(history)

  test.for(['clean', 'broken'] as const)(
    'at any byte no chunk is missing and none comes twice (%s)',
    async (how) => {
      for (let cut = 0; cut < whole.length; cut++) {
        const fetch = createFakeFetch(({ headers }, index) =>
          eventStream(
            index === 0
              ? streamOf(whole.slice(0, cut), how, 64)
              : streamOf(encode(restAfter(lastEventId(headers))), 'clean', 64),
          ),
        )

        const events = await collect(fetch)

        if (logsOf(events).join('|') !== ALL_LOGS.join('|') || events.at(-1)?.type !== 'end')
          expect.fail(`cut behind byte ${cut}: ${logsOf(events).join(', ')}`)
        expect(fetch.requests).toHaveLength(2)
      }
    },
  )

  test('behind every single event the stream still comes whole', async () => {
    const fetch = createFakeFetch(({ headers }) => {
      const rest = restAfter(lastEventId(headers))
      const untilLog = rest.findIndex(({ event }) => event === 'log')
      return eventStream(streamOf(encode(untilLog === -1 ? rest : rest.slice(0, untilLog + 1)), 'broken'))
    })

    const events = await collect(fetch)

    expect(logsOf(events)).toEqual(ALL_LOGS)
    expect(fetch.requests.map(({ headers }) => headers['last-event-id'])).toEqual([
      '0.0',
      '1.1',
      '1.2',
      '2.1',
      '2.2',
    ])
  })

  test('the server may be out of reach for a while', async () => {
    const fetch = createFakeFetch(({ headers }, index) => {
      if (index === 0) return eventStream(streamOf(encode(history.slice(0, 2)), 'broken'))
      if (index === 1) throw new TypeError('fetch failed')
      if (index === 2) return html(502)
      return eventStream(streamOf(encode(restAfter(lastEventId(headers))), 'clean'))
    })

    expect(logsOf(await collect(fetch))).toEqual(ALL_LOGS)
  })

  test('the execution may be gone, which ends it at once', async () => {
    const fetch = createFakeFetch((_, index) =>
      index === 0 ? eventStream(streamOf(encode(history.slice(0, 2)), 'broken')) : problem('not_found', 404),
    )

    await expect(collect(fetch)).rejects.toMatchObject({ code: 'not_found' })
    expect(fetch.requests).toHaveLength(2)
  })

  test('a stream that never gets further is given up', async () => {
    const fetch = createFakeFetch(() => eventStream(streamOf(encode(history.slice(0, 1)), 'clean')))
    const slow = { times: 3, firstDelayMs: 1, maxDelayMs: 500 }

    await expect(collect(fetch, { retry: slow })).rejects.toMatchObject({ code: 'unreachable' })
    expect(fetch.requests).toHaveLength(4)
  })
})

describe('a stream that is none', () => {
  test.for<[string, () => Response, string]>([
    ['HTML', () => html(200), 'not_rgrid'],
    [
      'broken data',
      () => eventStream(streamOf(new TextEncoder().encode('event: log\ndata: {\n\n'), 'clean')),
      'protocol',
    ],
    [
      'data of another form',
      () => eventStream(streamOf(new TextEncoder().encode('event: end\ndata: {}\n\n'), 'clean')),
      'protocol',
    ],
    [
      'one endless line',
      () => eventStream(streamOf(new Uint8Array(17 * 1024 * 1024).fill(97), 'clean', 1 << 20)),
      'protocol',
    ],
  ])('with %s is refused at the first try', async ([, answer, code]) => {
    const fetch = createFakeFetch(answer)

    const failure = await collect(fetch).catch((error: unknown) => error)

    expect(failure).toBeInstanceOf(RGridError)
    expect(failure).toMatchObject({ code })
    expect(fetch.requests).toHaveLength(1)
  })
})

describe('one who stops listening', () => {
  test('lets the connection go', async () => {
    let cancelled = false
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(encode(history.slice(0, 2))),
      cancel: () => void (cancelled = true),
    })
    const api = createApi({
      url: 'http://server.test',
      apiKey: 'k',
      fetch: createFakeFetch(() => eventStream(body)),
    })

    for await (const event of followEvents(api, ID)) if (event.type === 'log') break

    expect(cancelled).toBe(true)
  })

  test('gets no error when the connection is broken already', async () => {
    const fetch = createFakeFetch(() => eventStream(streamOf(encode(history.slice(0, 2)), 'broken', 1 << 20)))
    const api = createApi({ url: 'http://server.test', apiKey: 'k', fetch })

    for await (const event of followEvents(api, ID)) if (event.type === 'log') break

    expect(fetch.requests).toHaveLength(1)
  })

  test('by a signal gets its reason, also between two tries', async () => {
    const controller = new AbortController()
    const fetch = createFakeFetch(() => {
      setTimeout(() => controller.abort(new Error('enough')), 5)
      throw new TypeError('fetch failed')
    })
    const retry = { times: 3, firstDelayMs: 60_000, maxDelayMs: 60_000 }

    await expect(collect(fetch, { signal: controller.signal, retry })).rejects.toThrow('enough')
  })
})
