import { createExecutionId, type Claim, type ExecutionEvent } from '@rgrid/protocol'
import { followEvents } from '@rgrid/protocol/client'
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createSqliteStore } from '../../src/index.js'
import {
  claimOne,
  createFixture,
  createSpec,
  createTestRunner,
  getExecution,
  inlineFile,
  logChunk,
  openApi,
  readJson,
  submit,
  SUCCESS,
  type Fixture,
  type TestRunner,
} from '../server-fixture.js'

/** All bytes, some of which are no UTF-8, cut where they hurt. */
const pieces = [
  Buffer.from('caf'),
  Buffer.from([0xc3]),
  Buffer.from([0xa9, 0x0a]),
  Buffer.from([0xff, 0xfe, 0x00]),
  Buffer.from('data: x\n\nevent: end\n'),
]

async function runAll(fixture: Fixture, runner: TestRunner): Promise<string> {
  const id = await submit(fixture)
  const claim = await claimOne(runner)
  await runner.report(claim, 'started')
  const chunks = pieces.map((piece, index) =>
    logChunk(index + 1, piece, index % 2 === 0 ? 'stdout' : 'stderr'),
  )
  const outputs = [inlineFile('out.txt', 'out')]
  await runner.report(claim, 'complete', {
    ...SUCCESS,
    chunks,
    outputs,
    skipped: [{ path: 'pipe', reason: 'a FIFO' }],
  })
  return id
}

async function collect(events: AsyncIterable<ExecutionEvent>): Promise<ExecutionEvent[]> {
  const all: ExecutionEvent[] = []
  for await (const event of events) all.push(event)
  return all
}

function toBytes(events: readonly ExecutionEvent[]): Buffer {
  return Buffer.concat(
    events.flatMap((event) =>
      event.type === 'log'
        ? [
            event.log.base64 === undefined
              ? Buffer.from(event.log.text ?? '')
              : Buffer.from(event.log.base64, 'base64'),
          ]
        : [],
    ),
  )
}

describe('the event stream', () => {
  test('a finished execution is told from its first byte to its record', async () => {
    const fixture = await createFixture()
    const id = await runAll(fixture, await createTestRunner(fixture))

    const events = await collect(followEvents(openApi(fixture), id))

    expect(new Set(events.slice(0, -1).map(({ type }) => type))).toEqual(new Set(['log']))
    expect(toBytes(events)).toEqual(Buffer.concat(pieces))
    expect(events.at(-1)).toEqual({ type: 'end', execution: await getExecution(fixture, id) })
    expect(events.at(-1)).toMatchObject({
      execution: { artifacts: [{ path: 'out.txt' }], skipped: [{ path: 'pipe', reason: 'a FIFO' }] },
    })
  })

  test('resumed behind every event it repeats nothing and misses nothing', async () => {
    const fixture = await createFixture()
    const id = await runAll(fixture, await createTestRunner(fixture))

    for (let seq = 0; seq <= pieces.length; seq++) {
      const events = await collect(followEvents(openApi(fixture), id, { after: { attempt: 1, seq } }))

      expect(toBytes(events)).toEqual(Buffer.concat(pieces.slice(seq)))
      expect(events.at(-1)?.type).toBe('end')
    }
  })

  test('the answer to a submit is the stream of what happens next', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const id = createExecutionId()
    const accept = 'text/event-stream'
    const response = await openApi(fixture).send({
      method: 'PUT',
      path: `/v1/executions/${id}`,
      json: createSpec(),
      accept,
    })
    const statuses: string[] = []
    let claim: Claim | undefined

    for await (const event of followEvents(openApi(fixture), id, { opened: response })) {
      if (event.type !== 'state') continue
      statuses.push(event.state.status)
      // Each step waits until the one before was seen, so that no state is skipped.
      if (event.state.status === 'queued') claim = await claimOne(runner)
      if (event.state.status === 'claimed' && claim) await runner.report(claim, 'started')
      if (event.state.status === 'running' && claim)
        await runner.report(claim, 'renew', { phase: 'finishing' })
      if (event.state.status === 'finishing' && claim) await runner.report(claim, 'complete', SUCCESS)
    }

    expect(response.status).toBe(201)
    expect(statuses).toEqual(['queued', 'claimed', 'running', 'finishing'])
  })

  test('a queued execution says what it waits for', async () => {
    const fixture = await createFixture()
    const nobody = await submit(fixture)

    expect(await firstState(fixture, nobody)).toMatchObject({
      message: 'no runner is connected: start one with "rgrid runner"',
    })

    await createTestRunner(fixture)
    const unfit = await submit(fixture, createSpec({ runtime: 'bash', executor: 'docker' }))
    expect(await firstState(fixture, nobody)).toMatchObject({ status: 'queued', message: null })
    expect(await firstState(fixture, unfit)).toMatchObject({
      message: 'no connected runner offers bash on docker',
    })
  })

  test('who submits is told a moment later what the execution waits for, if it still does', async () => {
    const fixture = await createFixture()
    const headers = { accept: 'text/event-stream' }
    const response = await fixture.send('PUT', `/v1/executions/${createExecutionId()}`, createSpec(), {
      headers,
    })
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    const { value } = await reader.read()
    await reader.cancel()

    expect(Buffer.from((value ?? []) as Uint8Array).toString()).toContain('no runner is connected')
  })

  test.for(['abc', '-1', '99999999999999999999', '1', '1.2.3'])(
    'Last-Event-ID %s is refused',
    async (cursor) => {
      const fixture = await createFixture()
      const id = await submit(fixture)

      const headers = { 'last-event-id': cursor }
      const response = await fixture.send('GET', `/v1/executions/${id}/events`, undefined, { headers })

      expect(response.status).toBe(400)
    },
  )

  test('a cursor beyond the end of a finished execution leads to its end', async () => {
    const fixture = await createFixture()
    const id = await runAll(fixture, await createTestRunner(fixture))

    const events = await collect(followEvents(openApi(fixture), id, { after: { attempt: 9, seq: 9 } }))

    expect(events.map(({ type }) => type)).toEqual(['end'])
  })

  test('the header wins over the query', async () => {
    const fixture = await createFixture()
    const id = await runAll(fixture, await createTestRunner(fixture))

    const headers = { 'last-event-id': '1.5' }
    const response = await fixture.send('GET', `/v1/executions/${id}/events?after=1.0`, undefined, {
      headers,
    })

    expect(await response.text()).not.toContain('event: log')
  })

  test('nothing is read for a follower that does not read', async () => {
    const store = createSqliteStore({ path: ':memory:' })
    let reads = 0
    const logs = {
      ...store.logs,
      read: (...rest: Parameters<typeof store.logs.read>) => ((reads += 1), store.logs.read(...rest)),
    }
    const fixture = await createFixture({ store: { ...store, logs } })
    const id = await runAll(fixture, await createTestRunner(fixture))

    const response = await fixture.send('GET', `/v1/executions/${id}/events`)

    expect(reads).toBe(0)
    await response.body?.cancel()
  })

  test('closing the server ends the stream without an end event', async () => {
    const fixture = await createFixture()
    const id = await submit(fixture)
    const response = await fixture.send('GET', `/v1/executions/${id}/events`)
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    await reader.read()

    const rest = reader.read()
    await fixture.server.close()

    expect((await rest).done).toBe(true)
  })
})

async function firstState(fixture: Fixture, id: string): Promise<unknown> {
  for await (const event of followEvents(openApi(fixture), id)) if (event.type === 'state') return event.state
  return undefined
}

describe('the log', () => {
  test('its bytes come back exactly, of one stream and of both', async () => {
    const fixture = await createFixture()
    const id = await runAll(fixture, await createTestRunner(fixture))
    const read = async (query: string) =>
      Buffer.from(await (await fixture.send('GET', `/v1/executions/${id}/logs${query}`)).arrayBuffer())

    expect(await read('')).toEqual(Buffer.concat(pieces))
    expect(await read('?stream=stdout')).toEqual(Buffer.concat(pieces.filter((_, index) => index % 2 === 0)))
    expect(await read('?stream=stderr')).toEqual(Buffer.concat(pieces.filter((_, index) => index % 2 === 1)))
  })

  test.for([
    ['a\nb\nc\n', 1, 'c\n'],
    ['a\nb\nc', 2, 'b\nc'],
    ['a\nb\n', 9, 'a\nb\n'],
    ['\n\n\n', 2, '\n\n'],
    ['a\n', 0, ''],
    ['', 3, ''],
  ] as const)('the tail of %j by %i lines is %j', async ([text, tail, expected]) => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const id = await submit(fixture)
    const claim = await claimOne(runner)
    const chunks = [...text].map((character, index) => logChunk(index + 1, character))
    await runner.report(claim, 'logs', { chunks })

    const response = await fixture.send('GET', `/v1/executions/${id}/logs?tail=${tail}`)

    expect(await response.text()).toBe(expected)
  })

  test('five megabytes of random bytes come back with the same digest', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const id = await submit(fixture)
    const claim = await claimOne(runner)
    const sent = createHash('sha256')
    const received = createHash('sha256')
    for (let seq = 1; seq <= 80; seq++) {
      const piece = Buffer.alloc(65_536, seq)
      sent.update(piece)
      await runner.report(claim, 'logs', { chunks: [logChunk(seq, piece)] })
    }

    const response = await fixture.send('GET', `/v1/executions/${id}/logs`)
    for await (const bytes of response.body as ReadableStream<Uint8Array> & AsyncIterable<Uint8Array>)
      received.update(bytes)

    expect(received.digest('hex')).toBe(sent.digest('hex'))
  })

  test('repeated chunks are skipped, and a gap is refused as a whole', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const id = await submit(fixture)
    const claim = await claimOne(runner)
    await runner.report(claim, 'logs', { chunks: [logChunk(1, 'a'), logChunk(2, 'b')] })

    const repeated = await runner.report(claim, 'logs', { chunks: [logChunk(2, 'X'), logChunk(3, 'c')] })
    const gap = await runner.report(claim, 'logs', { chunks: [logChunk(4, 'd'), logChunk(6, 'f')] })

    expect(repeated.status).toBe(200)
    expect(await readJson(gap)).toMatchObject({ code: 'log_gap', status: 409 })
    expect(await (await fixture.send('GET', `/v1/executions/${id}/logs`)).text()).toBe('abc')
    expect((await getExecution(fixture, id)).logs).toMatchObject({ stdoutBytes: 3, cursor: '1.3' })
  })

  test('dropped bytes are counted and told', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const id = await submit(fixture)
    const claim = await claimOne(runner)
    await runner.report(claim, 'started')
    await runner.report(claim, 'complete', { ...SUCCESS, chunks: [{ ...logChunk(1, ''), gapBytes: 77 }] })

    const events = await collect(followEvents(openApi(fixture), id))

    expect(events).toContainEqual(
      expect.objectContaining({ log: { stream: 'stdout', at: 1_700_000_000_001, text: '', gapBytes: 77 } }),
    )
    expect((await getExecution(fixture, id)).logs.droppedBytes).toBe(77)
  })
})
