import {
  batchItemsSchema,
  batchSpecSchema,
  createExecutionId,
  type BatchItem,
  type BatchItems,
  type BatchRecord,
  type ExecutionRecord,
  type Status,
} from '@rgrid/protocol'
import type { Fetch } from '@rgrid/protocol/client'
import { createHash } from 'node:crypto'
import { createClient } from '../../../src/create-client.js'
import type { RGridClient } from '../../../src/types.js'

const at = '2026-01-01T00:00:00.000Z'

/** What a test says of the items that the fake server is given. */
export interface FakeRules {
  /** How an item ends; `undefined` never. @default completed */
  readonly end?: (item: BatchItem) => Status | undefined
  /** Answers before the server does. */
  readonly before?: (path: string, calls: number) => Response | undefined
}

/** A server of batches in memory, and what it was asked. */
export interface FakeBatchServer {
  readonly client: RGridClient
  readonly fetch: Fetch
  /** The bodies of the requests that added items, in their order; also those that were refused. */
  readonly adds: BatchItems[]
  readonly items: Map<number, BatchItem>
  readonly blobs: Map<string, Buffer>
  /** Methods and paths without ids. */
  readonly calls: string[]
  record(): BatchRecord
  /** Which streams of events were asked for, by the place where they begin. */
  readonly streams: number[]
}

/** Makes a {@link FakeBatchServer} that knows one batch and keeps to the protocol, as far as a client sees it. */
export function createFakeBatchServer({ end = () => 'completed', before }: FakeRules = {}): FakeBatchServer {
  const adds: BatchItems[] = []
  const items = new Map<number, BatchItem>()
  const blobs = new Map<string, Buffer>()
  const calls: string[] = []
  const streams: number[] = []
  const ends: { item: BatchItem; status: Status }[] = []
  let spec = batchSpecSchema.parse({ lane: 'none' })
  let id = 'batch_019a0000000070008000000000000001'
  let sealed = false
  let cancelled = false
  const tell: (() => void)[] = []

  const notify = (): void => {
    for (const wake of tell.splice(0)) wake()
  }
  const finish = (item: BatchItem): void => {
    const status = cancelled ? 'cancelled' : end(item)
    if (status !== undefined) ends.push({ item, status })
  }
  const isFinished = (): boolean => sealed && ends.length === items.size
  const record = (): BatchRecord => {
    const completed = ends.filter(({ status }) => status === 'completed').length
    const left = items.size - ends.length
    return {
      ...spec,
      id,
      status: isFinished() ? 'finished' : sealed ? 'running' : 'open',
      cancelRequested: cancelled,
      counts: {
        total: items.size,
        queued: left,
        running: 0,
        completed,
        failed: ends.length - completed,
        reused: 0,
      },
      createdAt: at,
      finishedAt: isFinished() ? at : null,
      costMicrons: 7,
    }
  }
  const take = (files: BatchItem['files']): void => {
    for (const { sha256, data } of files)
      if (data !== undefined) {
        const bytes = Buffer.from(data, 'base64')
        if (createHash('sha256').update(bytes).digest('hex') === sha256) blobs.set(sha256, bytes)
      }
  }
  const add = (body: BatchItems): Response => {
    adds.push(body)
    const files = [...body.spec.files, ...body.items.flatMap((item) => item.files)]
    take(files)
    const missing = [...new Set(files.map(({ sha256 }) => sha256))].filter((sha256) => !blobs.has(sha256))
    if (missing.length > 0) return problem(409, 'missing_blobs', { missing })
    for (const item of body.items) {
      if (items.has(item.index)) continue
      items.set(item.index, item)
      finish(item)
    }
    notify()
    return Response.json({
      items: body.items.map(({ index, id: executionId }) => ({ index, executionId, outcome: 'new' })),
    })
  }
  const stream = (from: number): Response => {
    streams.push(from)
    const encoder = new TextEncoder()
    let next = from
    const body = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const put = (event: string, data: unknown, seq?: number): void =>
            controller.enqueue(
              encoder.encode(
                `event: ${event}\n${seq === undefined ? '' : `id: ${seq}\n`}data: ${JSON.stringify(data)}\n\n`,
              ),
            )
          while (next >= ends.length && !isFinished())
            await new Promise<void>((resolve) => void tell.push(resolve))
          const one = ends[next]
          if (one === undefined) {
            put('end', { batch: record() })
            controller.close()
            return
          }
          next++
          put('progress', { counts: record().counts })
          put('item', toEvent(one.item, one.status), next)
        },
      },
      { highWaterMark: 1 },
    )
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  }

  const fetch: Fetch = async (url, init) => {
    const { pathname } = new URL(url)
    const path = pathname.replace(/batch_[0-9a-f]+/, 'ID').replace(/[0-9a-f]{64}/, 'SHA')
    calls.push(`${init.method} ${path}`)
    const answer = before?.(`${init.method} ${path}`, calls.length)
    if (answer !== undefined) return answer
    const json = (): unknown => JSON.parse(init.body as string)
    switch (`${init.method} ${path}`) {
      case 'PUT /v1/batches/ID':
        id = pathname.split('/').at(-1) ?? ''
        spec = batchSpecSchema.parse(json())
        return Response.json(record())
      case 'POST /v1/batches/ID/items':
        return add(batchItemsSchema.parse(json()))
      case 'POST /v1/batches/ID/seal':
        sealed = true
        notify()
        return Response.json(record())
      case 'POST /v1/batches/ID/cancel':
        cancelled = true
        for (const item of items.values()) if (!ends.some((one) => one.item === item)) finish(item)
        notify()
        return Response.json(record())
      case 'GET /v1/batches/ID/events':
        return stream(Number(init.headers['last-event-id']))
      case 'PUT /v1/blobs/SHA':
        blobs.set(
          pathname.split('/').at(-1) ?? '',
          Buffer.from(await new Response(init.body as ReadableStream<Uint8Array>).arrayBuffer()),
        )
        return Response.json({ ok: true })
      default:
        return problem(404, 'not_found')
    }
  }
  const client = createClient({ url: 'http://server', apiKey: 'sk_1', fetch })
  return { client, fetch, adds, items, blobs, calls, record, streams }
}

/** An error as the server writes it. */
export const problem = (status: number, code: string, more: object = {}): Response =>
  Response.json(
    { type: 'about:blank', title: code, status, detail: code, code, requestId: 'req_1', ...more },
    { status, headers: { 'content-type': 'application/problem+json' } },
  )

const toEvent = (item: BatchItem, status: Status) => ({
  index: item.index,
  name: item.name,
  outcome: 'new',
  execution: createExecutionRecord({ id: item.id, status, args: item.args ?? [] }),
})

/** The record of an execution that has ended. */
export const createExecutionRecord = (changes: Partial<ExecutionRecord> = {}): ExecutionRecord => ({
  id: createExecutionId(),
  status: 'completed',
  cause: changes.status === 'cancelled' ? 'cancelled' : 'exit',
  exitCode: changes.status === 'failed' ? 1 : changes.status === 'cancelled' ? null : 0,
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
  attempt: 1,
  cancelRequested: false,
  createdAt: at,
  claimedAt: at,
  startedAt: at,
  finishedAt: at,
  timings: { queuedMs: 1, preparingMs: 1, runningMs: 1, finishingMs: 1, totalMs: 4 },
  phases: null,
  usage: null,
  costMicrons: null,
  logs: { stdoutBytes: 0, stderrBytes: 0, droppedBytes: 0, cursor: '0.0' },
  artifacts: [],
  skipped: [],
  notes: [],
  outputs: null,
  attempts: [],
  priority: 0,
  retries: null,
  notBefore: null,
  retryOf: null,
  cache: null,
  ...changes,
})
