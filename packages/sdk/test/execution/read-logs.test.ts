import type { AttemptRecord, ExecutionRecord, Status } from '@rgrid/protocol'
import type { Api } from '@rgrid/protocol/client'
import { describe, expect, test } from 'vitest'
import { readLogs } from '../../src/execution/read-logs.js'
import type { LogsOptions } from '../../src/types.js'

const ID = 'exec_0192f0c1a2b37c4d8e5f60718293a4b5'

const log = (cursor: string): string =>
  `event: log\nid: ${cursor}\ndata: ${JSON.stringify({ stream: 'stdout', at: 1, text: `${cursor} ` })}\n\n`
const state = (status: Status, attempt: number): string =>
  `event: state\ndata: ${JSON.stringify({ status, attempt, message: null })}\n\n`

/** An execution with the last cursor of each attempt, whose events hang behind those that are given. */
function createApi(ends: readonly string[], events: readonly string[]) {
  const opened: (string | undefined)[] = []
  const attempts = ends.map((cursor, index) => ({ attempt: index + 1, logs: { cursor } }) as AttemptRecord)
  const send: Api['send'] = async (call) => {
    opened.push(call.headers?.['last-event-id'])
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(Buffer.from(events.join(''))),
    })
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  }
  const call: Api['call'] = async (_schema) => ({ attempts }) as ExecutionRecord as never
  return { api: { url: 'http://server', send, call } satisfies Api, opened }
}

async function read({ api }: { api: Api }, options: LogsOptions): Promise<string> {
  let text = ''
  for await (const piece of readLogs(async () => [api, ID], options)) text += piece.text
  return text
}

const EVENTS = [log('1.1'), state('claimed', 2), log('1.2'), state('running', 2), log('2.1')]

describe('the output so far', () => {
  test('is that of all attempts, also when the present one has printed nothing', async () => {
    expect(await read(createApi(['1.2', '2.0'], EVENTS), {})).toBe('1.1 1.2 ')
    expect(await read(createApi(['1.2', '2.1'], EVENTS), {})).toBe('1.1 1.2 2.1 ')
  })

  test('is nothing, and asks for no events, where nothing was printed', async () => {
    const silent = createApi(['1.0'], [])

    expect(await read(silent, {})).toBe('')
    expect(silent.opened).toEqual([])
  })

  test('of one attempt is read from its beginning to its end', async () => {
    const first = createApi(['1.2', '2.1'], EVENTS)
    const second = createApi(['1.2', '2.1'], [log('2.1')])

    expect(await read(first, { attempt: 1 })).toBe('1.1 1.2 ')
    expect(await read(second, { attempt: 2 })).toBe('2.1 ')
    expect([first.opened, second.opened]).toEqual([['1.0'], ['2.0']])
  })

  test('of an attempt that is not there is nothing', async () => {
    expect(await read(createApi(['1.2'], []), { attempt: 2 })).toBe('')
  })
})

describe('following one attempt', () => {
  test('goes on behind the news of the next one, to its own last piece', async () => {
    expect(await read(createApi(['1.2', '2.0'], EVENTS), { attempt: 1, follow: true })).toBe('1.1 1.2 ')
  })

  test('ends with the first piece of the next one', async () => {
    const events = [log('1.1'), log('2.1')]

    expect(await read(createApi(['1.1', '2.1'], events), { attempt: 1, follow: true })).toBe('1.1 ')
  })
})
