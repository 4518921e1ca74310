import { LOG_START } from '@rgrid/protocol'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { followExecution } from '../../src/services/follow-execution.js'
import type { Glance } from '../../src/store/execution-store.js'
import type { StoredChunk } from '../../src/store/log-store.js'
import { createTestContext } from '../test-context.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const chunk = (attempt: number, seq: number): StoredChunk => ({
  attempt,
  seq,
  stream: 'stdout',
  at: 0,
  data: Buffer.from(`${attempt}-${seq} `),
  gapBytes: null,
})

/** Follows an execution that stands still, with log chunks that are read one at a time. */
function follow(
  glance: Partial<Glance>,
  { after = LOG_START, chunks = [] as StoredChunk[], isNew = false } = {},
) {
  const context = createTestContext()
  const standing: Glance = {
    status: 'running',
    attempt: 1,
    cancelRequested: false,
    lastSeq: 0,
    pool: 'default',
    needs: { runtime: 'python', executor: null, image: null, network: null, resources: {} },
    progress: null,
    ...glance,
  }
  let reads = 0
  const isBehind = (cursor: typeof after, { attempt, seq }: StoredChunk): boolean =>
    attempt > cursor.attempt || (attempt === cursor.attempt && seq > cursor.seq)
  const store = {
    ...context.store,
    executions: { ...context.store.executions, glance: () => Promise.resolve(standing) },
    logs: {
      ...context.store.logs,
      read: (_project: string, _id: string, cursor: typeof after) => {
        reads += 1
        return Promise.resolve(chunks.filter((candidate) => isBehind(cursor, candidate)).slice(0, 1))
      },
    },
  }
  const reader = followExecution({ ...context, store }, 'default', 'exec', after, isNew).getReader()
  const next = async (): Promise<string> => Buffer.from((await reader.read()).value ?? []).toString()
  return { next, countReads: () => reads, signals: context.signals }
}

test('reads on at once while there is more than fits into one batch', async () => {
  const chunks = [chunk(1, 1), chunk(1, 2), chunk(1, 3)]
  const { next } = follow({ lastSeq: 3 }, { chunks })

  expect([await next(), await next(), await next()].join('')).toMatch(/1-1 .*1-2 .*1-3 /s)
})

test('reads no log where there is nothing behind the cursor', async () => {
  const { next, countReads } = follow({ lastSeq: 2 }, { after: { attempt: 1, seq: 2 } })
  await next()
  const fresh = follow({})
  await fresh.next()

  expect([countReads(), fresh.countReads()]).toEqual([0, 0])
})

test('reads what an attempt before has left behind', async () => {
  const chunks = [chunk(1, 1), chunk(1, 2)]
  const { next } = follow({ attempt: 2 }, { after: { attempt: 1, seq: 1 }, chunks })

  expect(await next()).toContain('1-2 ')
})

test('says what a new execution waits for as soon as it is due', async () => {
  const { next } = follow({ status: 'queued', attempt: 0 }, { isNew: true })
  const first = next()
  await vi.advanceTimersByTimeAsync(100)

  expect(await first).toContain('no runner is connected')
})

test('tells of a new execution at once when something happens to it', async () => {
  const { next, signals } = follow({ status: 'claimed' }, { isNew: true })
  const first = next()
  await vi.advanceTimersByTimeAsync(0)
  signals.notify('exec')

  expect(await first).toContain('"status":"claimed"')
})
