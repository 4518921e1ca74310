import { LIMITS, LOG_START } from '@rgrid/protocol'
import { describe, expect, test } from 'vitest'
import { collectGarbage } from '../../../src/services/retention/collect-garbage.js'
import { sha256 } from '../../server-fixture.js'
import { createSubmission, createWorld, DAY_MS } from './garbage-fixture.js'

const HOUR_MS = 3_600_000

describe('what expires', () => {
  test('files and log go after 30 days, and the record says since when; the record itself stays', async () => {
    const { store, finish, collect, pass } = await createWorld()
    const id = await finish({ outputs: { 'out.txt': 'result' }, log: 'hello' })

    pass(29 * DAY_MS)
    await collect()
    expect(await store.retention.findLosses('p', id)).toEqual({ filesAt: null, logsAt: null })
    expect(await store.blobs.find('p', sha256('result'))).toBeDefined()

    pass(2 * DAY_MS)
    await collect()

    const [artifact] = await store.executions.listArtifacts('p', id)
    const { filesAt, logsAt } = await store.retention.findLosses('p', id)
    expect(artifact).toMatchObject({ path: 'out.txt', expiredAt: new Date(filesAt ?? 0).toISOString() })
    expect(logsAt).toBe(filesAt)
    expect(await store.logs.read('p', id, LOG_START, 1_000)).toEqual([])
    expect(await store.blobs.find('p', sha256('result'))).toBeUndefined()
    expect(await store.executions.find('p', id)).toMatchObject({ status: 'completed', stdoutBytes: 5 })
  })

  test('the record goes after 90 days', async () => {
    const { store, finish, collect, pass } = await createWorld()
    const id = await finish({ outputs: { a: 'a' }, log: 'hello' })
    pass(91 * DAY_MS)

    await collect()

    expect(await store.executions.find('p', id)).toBeUndefined()
    expect(await store.executions.list('p', { limit: 10 })).toEqual([])
    expect(await store.blobs.find('p', sha256('a'))).toBeUndefined()
  })

  test('each of the three has a policy of its own, which may be off', async () => {
    const retention = { outputsDays: 'off', logsDays: 0.5, executionsDays: 'off' } as const
    const { store, finish, collect, pass } = await createWorld({ retention })
    const id = await finish({ outputs: { a: 'a' }, log: 'hello' })
    pass(1_000 * DAY_MS)

    await collect()

    const { filesAt, logsAt } = await store.retention.findLosses('p', id)
    expect([filesAt, logsAt === null]).toEqual([null, false])
    expect(await store.blobs.find('p', sha256('a'))).toBeDefined()
  })

  test('what has not ended does not expire, however old it is', async () => {
    const { store, upload, collect, pass } = await createWorld()
    await upload('input')
    const submission = createSubmission('p', ['input'])
    await store.executions.submit(submission)
    pass(1_000 * DAY_MS)

    await collect()

    expect(await store.executions.find('p', submission.id)).toMatchObject({ status: 'queued' })
    expect(await store.blobs.find('p', sha256('input'))).toBeDefined()
  })

  test('a policy that was made shorter reaches what it let by before', async () => {
    const world = await createWorld()
    const id = await world.finish({ log: 'hello' })
    world.pass(2 * DAY_MS)
    await world.collect()
    const context = { ...world.context, retention: { ...world.context.retention, logsDays: 1 } }

    await collectGarbage(context, {
      holder: 'me',
      everyMs: 0,
      signal: new AbortController().signal,
      pause: async () => {},
    })

    expect((await world.store.retention.findLosses('p', id)).logsAt).not.toBeNull()
  })
})

describe('blobs', () => {
  test('one that nothing refers to is kept for the grace period, then goes with its file', async () => {
    const { context, store, upload, collect, pass } = await createWorld()
    const digest = await upload('x')

    pass(LIMITS.blobGraceMs - HOUR_MS)
    await collect()
    expect(await store.blobs.find('p', digest)).toBeDefined()

    pass(2 * HOUR_MS)
    await collect()

    expect(await store.blobs.find('p', digest)).toBeUndefined()
    expect(await context.blobs.has(digest)).toBe(false)
  })

  test('saying that one is here renews its grace period', async () => {
    const { context, store, upload, collect, pass } = await createWorld()
    const digest = await upload('x')
    pass(LIMITS.blobGraceMs - HOUR_MS)

    expect(await store.blobs.listMissing('p', [digest])).toEqual([])
    pass(LIMITS.blobGraceMs - HOUR_MS)
    await collect()

    expect(await store.blobs.find('p', digest)).toBeDefined()
    expect(await context.blobs.has(digest)).toBe(true)
  })

  test('another project asking for the same bytes renews nothing', async () => {
    const { store, upload, collect, pass } = await createWorld()
    const digest = await upload('x')
    pass(LIMITS.blobGraceMs - HOUR_MS)

    await store.blobs.listMissing('other', [digest])
    pass(2 * HOUR_MS)
    await collect()

    expect(await store.blobs.find('p', digest)).toBeUndefined()
  })

  test('the file stays as long as any project has the blob, and each project has it on its own terms', async () => {
    const { context, store, upload, collect, pass, finish } = await createWorld()
    const digest = await upload('shared')
    await upload('shared', 'other')
    const id = await finish({ project: 'other', inputs: ['shared'] })
    pass(2 * DAY_MS)

    await collect()
    expect(await store.blobs.find('p', digest)).toBeUndefined()
    expect(await store.blobs.find('other', digest)).toBeDefined()
    expect(await context.blobs.has(digest)).toBe(true)

    await store.retention.remove('other', id)
    await collect()
    expect(await context.blobs.has(digest)).toBe(false)
  })

  test('one input of many executions goes with the last of them', async () => {
    const { context, store, upload, collect, pass, finish } = await createWorld()
    const digest = await upload('model')
    const ids = [await finish({ inputs: ['model'] }), await finish({ inputs: ['model'] })]
    pass(2 * DAY_MS)

    await store.retention.remove('p', ids[0] ?? '')
    await collect()
    expect(await context.blobs.has(digest)).toBe(true)

    await store.retention.remove('p', ids[1] ?? '')
    await collect()
    expect(await context.blobs.has(digest)).toBe(false)
  })

  test('a file that a crash left without a row is found within 16 rounds', async () => {
    const { context, upload, collect, pass } = await createWorld()
    const kept = await upload('kept')
    const orphan = sha256('orphan')
    await context.blobs.put(orphan, toPieces('orphan'), { maxBytes: 100 })
    pass(2 * HOUR_MS)

    for (let round = 0; round < 16; round++) await collect()

    expect(await context.blobs.has(orphan)).toBe(false)
    expect(await context.blobs.has(kept)).toBe(true)
  })

  test('bytes that were taken from the disk as they arrived are not noted', async () => {
    const { store } = await createWorld()

    expect(await store.blobs.add('p', sha256('x'), 1, () => Promise.resolve(false))).toBe(false)

    expect(await store.blobs.find('p', sha256('x'))).toBeUndefined()
  })
})

describe('a round', () => {
  const order = (holder: string) => ({ holder, leaseMs: 1_000, everyMs: 10_000 })

  test('is one server at a time, whose turn ends by itself', async () => {
    const { store, pass } = await createWorld()

    expect(await store.retention.takeTurn(order('a'))).toEqual({ position: 0 })
    expect(await store.retention.takeTurn(order('b'))).toBeUndefined()
    expect(await store.retention.takeTurn(order('a'))).toEqual({ position: 0 })
    pass(1_001)

    expect(await store.retention.takeTurn(order('b'))).toEqual({ position: 0 })
  })

  test('is not due again until the last one is old enough, unless that was broken off', async () => {
    const { store, pass } = await createWorld()
    await store.retention.takeTurn(order('a'))
    await store.retention.endTurn('a', false)
    expect(await store.retention.takeTurn(order('b'))).toEqual({ position: 0 })
    await store.retention.endTurn('b', true)

    expect(await store.retention.takeTurn(order('a'))).toBeUndefined()
    pass(10_000)
    expect(await store.retention.takeTurn(order('a'))).toEqual({ position: 1 })
  })

  test('that was broken off anywhere is gone on with by the next', async () => {
    const { context, store, finish, collect, pass } = await createWorld()
    const id = await finish({ outputs: { a: 'a' }, log: 'hello' })
    pass(91 * DAY_MS)
    for (let steps = 0; steps < 12; steps++) {
      const stop = new AbortController()
      let left = steps
      const pause = async (): Promise<void> => void (left-- === 0 && stop.abort())
      await collectGarbage(context, { holder: 'me', everyMs: 0, signal: stop.signal, pause })
    }

    await collect()

    expect(await store.executions.find('p', id)).toBeUndefined()
    expect(await store.blobs.find('p', sha256('a'))).toBeUndefined()
  })
})

async function* toPieces(text: string): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from(text))
}
