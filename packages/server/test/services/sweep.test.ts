import { createExecutionId, createRunnerId, specSchema, type SpecInput } from '@rgrid/protocol'
import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createSqliteStore, type Store } from '../../src/index.js'
import { createOffer, createSpec, sha256 } from '../server-fixture.js'

const LEASE_MS = 1_000
const MARGIN_MS = 500
const LIMITS = { leaseMarginMs: MARGIN_MS, embeddedGraceMs: 60_000 }

const clock = () => {
  let now = 1_700_000_000_000
  return { now: () => now, pass: (ms: number) => (now += ms) }
}

async function arrange(pool = 'default', over: Partial<SpecInput> = {}) {
  const time = clock()
  const store = createSqliteStore({ path: ':memory:', now: time.now })
  const id = createExecutionId()
  const { files: _files, ...spec } = specSchema.parse(createSpec(over))
  await store.executions.submit({ id, project: 'p', pool, spec, specHash: 'h', files: [], inline: [] })
  return { store, id, time, claim: () => claim(store, pool) }
}

async function claim(store: Store, pool: string) {
  const runnerId = createRunnerId()
  const offers = [createOffer()]
  const base = { project: 'p', pool, executors: ['process' as const] }
  await store.runners.register({
    id: runnerId,
    project: 'p',
    pool,
    name: 'r',
    slots: 1,
    offers,
    micronsPerHour: 0,
    environments: [],
  })
  const order = { ...base, runnerId, claimId: randomUUID(), max: 1, leaseMs: LEASE_MS }
  const [claimed] = await store.executions.claim(order)
  if (claimed === undefined) throw new Error('nothing to claim')
  const { executionId, attempt, leaseToken } = claimed
  return { project: 'p', executionId, attempt, leaseToken }
}

const COMPLETION = {
  status: 'completed',
  cause: 'exit',
  exitCode: 0,
  signal: null,
  message: null,
  usage: null,
  phases: null,
  environment: null,
  chunks: [],
  outputs: [],
  inline: [],
  skipped: [],
  notes: [],
} as const

describe('the sweep', () => {
  test('an attempt that never started goes back to the queue, and its old lease is worth nothing', async () => {
    const { store, id, time, claim } = await arrange()
    const old = await claim()
    time.pass(LEASE_MS + MARGIN_MS + 1)

    const swept = await store.executions.sweep(LIMITS)
    await expect(store.executions.start(old)).rejects.toMatchObject({ code: 'lease_lost' })
    const fresh = await claim()

    expect(swept).toEqual([{ id, project: 'p', pool: 'default', lane: null, status: 'queued', dueInMs: 0 }])
    expect(fresh.attempt).toBe(2)
    await expect(store.executions.start(old)).rejects.toMatchObject({ code: 'lease_lost' })
    expect(await store.executions.start(fresh)).toEqual({ cancelRequested: false })
  })

  test('an attempt that started is lost, and its runner cannot complete it any more', async () => {
    const { store, id, time, claim } = await arrange()
    const fence = await claim()
    await store.executions.start(fence)
    time.pass(LEASE_MS + MARGIN_MS + 1)

    await store.executions.sweep(LIMITS)

    expect(await store.executions.find('p', id)).toMatchObject({ status: 'lost', cause: 'runner_lost' })
    await expect(store.executions.complete(fence, COMPLETION)).rejects.toMatchObject({ code: 'lease_lost' })
  })

  test('what an attempt has sent ahead does not come home with the next one', async () => {
    const { store, id, time, claim } = await arrange()
    const file = { path: 'a', sha256: sha256('x'), size: 1, executable: false }
    const inline = { sha256: file.sha256, data: Buffer.from('x') }
    await store.executions.appendOutputs(await claim(), [file], [inline])
    time.pass(LEASE_MS + MARGIN_MS + 1)
    await store.executions.sweep(LIMITS)
    const fence = await claim()
    await store.executions.start(fence)

    await store.executions.complete(fence, COMPLETION)

    expect(await store.executions.listArtifacts('p', id, 'output')).toEqual([])
  })

  test('an attempt that started is tried again where that is allowed, and its runner is out', async () => {
    const { store, id, time, claim } = await arrange('default', { retries: { lost: 1 } })
    const fence = await claim()
    await store.executions.start(fence)
    time.pass(LEASE_MS + MARGIN_MS + 1)

    const [swept] = await store.executions.sweep(LIMITS)

    expect(swept).toMatchObject({ id, status: 'queued', dueInMs: expect.any(Number) as number })
    expect(swept?.dueInMs).toBeGreaterThanOrEqual(500)
    expect(await store.executions.find('p', id)).toMatchObject({
      status: 'queued',
      startedAt: null,
      attempt: 1,
    })
    expect(await store.executions.listAttempts('p', id)).toMatchObject([
      { attempt: 1, outcome: 'lost', cause: 'runner_lost', endedAt: time.now() },
    ])
    await expect(store.executions.complete(fence, COMPLETION)).rejects.toMatchObject({ code: 'lease_lost' })
    await expect(claim()).rejects.toThrow('nothing to claim')
    time.pass(1_000)
    const next = await claim()
    expect(next.attempt).toBe(2)

    await store.executions.start(next)
    time.pass(LEASE_MS + MARGIN_MS + 1)
    await store.executions.sweep(LIMITS)
    expect(await store.executions.find('p', id)).toMatchObject({ status: 'lost', cause: 'runner_lost' })
  })

  test('attempts that never started do not count as lost', async () => {
    const { store, id, time, claim } = await arrange('default', { retries: { lost: 1 } })
    for (let turn = 0; turn < 3; turn++) {
      await claim()
      time.pass(LEASE_MS + MARGIN_MS + 1)
      await store.executions.sweep(LIMITS)
    }
    await store.executions.start(await claim())
    time.pass(LEASE_MS + MARGIN_MS + 1)

    await store.executions.sweep(LIMITS)

    expect(await store.executions.find('p', id)).toMatchObject({ status: 'queued', attempt: 4 })
  })

  test('nothing is taken before the margin is over, and a renewal starts the time anew', async () => {
    const { store, id, time, claim } = await arrange()
    const fence = await claim()
    await store.executions.start(fence)
    time.pass(LEASE_MS + MARGIN_MS)

    expect(await store.executions.sweep(LIMITS)).toEqual([])
    await store.executions.renew(fence, LEASE_MS, { phase: 'running' })
    time.pass(LEASE_MS + MARGIN_MS)
    expect(await store.executions.sweep(LIMITS)).toEqual([])
    time.pass(1)
    expect(await store.executions.sweep(LIMITS)).toMatchObject([{ id, status: 'lost' }])
  })

  test('a cancelled attempt that never started ends cancelled', async () => {
    const { store, id, time, claim } = await arrange()
    await claim()
    await store.executions.cancel('p', id)
    time.pass(LEASE_MS + MARGIN_MS + 1)

    await store.executions.sweep(LIMITS)

    expect(await store.executions.find('p', id)).toMatchObject({ status: 'cancelled', startedAt: null })
  })

  test('what waits for an embedded process that is gone is lost, and says that it never ran', async () => {
    const { store, id, time } = await arrange('embedded-1')
    time.pass(LIMITS.embeddedGraceMs)
    expect(await store.executions.sweep(LIMITS)).toEqual([])
    time.pass(1)

    await store.executions.sweep(LIMITS)

    const found = await store.executions.find('p', id)
    expect(found?.status).toBe('lost')
    expect(found?.message).toContain('never ran')
  })

  test('what waits there to be tried again is lost as well, and is not said to have never run', async () => {
    const { store, id, time, claim } = await arrange('embedded-1', { retries: { exit: 1 } })
    const fence = await claim()
    await store.executions.start(fence)
    await store.executions.complete(fence, { ...COMPLETION, status: 'failed', exitCode: 1 })
    time.pass(LIMITS.embeddedGraceMs + 1)

    await store.executions.sweep(LIMITS)

    const found = await store.executions.find('p', id)
    expect(found).toMatchObject({ status: 'lost', message: expect.stringContaining('tried again') as string })
  })

  test('what waits for an embedded runner that is there, or for a server, stays queued', async () => {
    const embedded = await arrange('embedded-1')
    const server = await arrange()
    for (const { store, time } of [embedded, server]) {
      time.pass(LIMITS.embeddedGraceMs + 1)
      const runner = { id: createRunnerId(), project: 'p', pool: 'embedded-1', name: 'r', slots: 1 }
      if (store === embedded.store)
        await store.runners.register({ ...runner, offers: [], micronsPerHour: 0, environments: [] })

      expect(await store.executions.sweep(LIMITS)).toEqual([])
    }
  })
})
