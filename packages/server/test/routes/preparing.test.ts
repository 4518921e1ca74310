import { type SpecInput } from '@rgrid/protocol'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createSqliteStore } from '../../src/index.js'
import {
  claimOne,
  createDockerOffer,
  createFixture,
  createSpec,
  createTestRunner,
  getExecution,
  readJson,
  submit,
  SUCCESS,
} from '../server-fixture.js'

const PHASES = {
  container: 'cold',
  dependenciesMs: 1_200.5,
  placeMs: 150,
  inputsMs: 2,
  launchMs: 8,
  firstOutputMs: null,
  scriptMs: 90,
  outputsMs: 1,
} as const

async function arrange(over: Partial<SpecInput> = {}) {
  const fixture = await createFixture()
  const runner = await createTestRunner(fixture, {}, [createDockerOffer()])
  const id = await submit(fixture, createSpec(over))
  return { fixture, runner, id, claim: await claimOne(runner) }
}

describe('a runner that prepares an attempt', () => {
  test('is heard by those who follow, until the script starts', async () => {
    const { fixture, runner, id, claim } = await arrange()
    const response = await fixture.send('GET', `/v1/executions/${id}/events`)
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    const next = async () => {
      const text = Buffer.from((await reader.read()).value ?? []).toString()
      return JSON.parse(text.slice(text.indexOf('{'))) as unknown
    }
    expect(await next()).toEqual({ status: 'claimed', attempt: 1, message: null })
    // Nobody looks again by himself any more: who waits is woken, or waits for ever.
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    onTestFinished(() => void vi.useRealTimers())

    const told = next()
    const message = 'pulling python:3.12 (2 of 5 layers)'
    expect((await runner.report(claim, 'renew', { phase: 'preparing', message })).status).toBe(200)

    expect(await told).toEqual({ status: 'claimed', attempt: 1, message })
    expect(await getExecution(fixture, id)).toMatchObject({ status: 'claimed', message })

    const started = next()
    await runner.report(claim, 'started')
    expect(await started).toEqual({ status: 'running', attempt: 1, message: null })
    expect((await getExecution(fixture, id)).message).toBeNull()
    await reader.cancel()
  })

  test('disturbs no renewal that waits for a cancel', async () => {
    const { fixture, runner, id, claim } = await arrange()
    let isAnswered = false
    const waiting = runner.report(claim, 'renew', { phase: 'preparing', waitMs: 10_000 })
    void waiting.then(() => (isAnswered = true))
    // One round trip makes sure that the renewal has begun to wait.
    await fixture.send('GET', '/v1/executions')

    for (const message of ['a', 'b', 'c'])
      expect(await readJson(await runner.report(claim, 'renew', { phase: 'preparing', message }))).toEqual({
        cancelRequested: false,
      })
    expect(isAnswered).toBe(false)
    await fixture.send('POST', `/v1/executions/${id}/cancel`)

    expect(await readJson(await waiting)).toEqual({ cancelRequested: true })
  })

  test('hears of a cancel at once', async () => {
    const { fixture, runner, id, claim } = await arrange()
    await fixture.send('POST', `/v1/executions/${id}/cancel`)

    const body = { phase: 'preparing', message: 'x', waitMs: 10_000 }
    expect(await readJson(await runner.report(claim, 'renew', body))).toEqual({ cancelRequested: true })
  })

  test('keeps its lease, and what it said goes when the lease does', async () => {
    let now = 1_700_000_000_000
    const store = createSqliteStore({ path: ':memory:', now: () => now })
    const fixture = await createFixture({ store, leaseMs: 1_000 })
    const id = await submit(fixture)
    const claim = await claimOne(await createTestRunner(fixture))
    const limits = { leaseMarginMs: 0, embeddedGraceMs: 0 }
    const { executionId, attempt, leaseToken } = claim
    const fence = { project: 'default', executionId, attempt, leaseToken }

    now += 1_000
    await store.executions.renew(fence, 1_000, { phase: 'preparing', message: 'installing' })
    now += 1_000
    expect(await store.executions.sweep(limits)).toEqual([])
    now += 1
    expect(await store.executions.sweep(limits)).toMatchObject([{ id, status: 'queued' }])

    expect(await store.executions.find('default', id)).toMatchObject({ status: 'queued', progress: null })
  })

  test.for([
    ['a phase that is not known', { phase: 'resting' }],
    ['a message over its limit', { phase: 'preparing', message: 'x'.repeat(513) }],
    ['a message that is no text', { phase: 'preparing', message: 7 }],
  ] as const)('is refused with %s', async ([, body]) => {
    const { fixture, runner, id, claim } = await arrange()

    expect((await runner.report(claim, 'renew', body)).status).toBe(400)
    expect((await getExecution(fixture, id)).message).toBeNull()
  })
})

describe('what was asked for and where the time went', () => {
  test('is in the record and in the list', async () => {
    const asked = {
      image: 'python:3.12',
      resources: { cpus: 0.5, memoryMib: 64 },
      network: 'none',
      isolation: 'shared',
    } as const
    const { fixture, runner, id, claim } = await arrange(asked)
    expect(claim).toMatchObject({ project: 'default', executor: 'docker', spec: asked })
    expect(await getExecution(fixture, id)).toMatchObject({ ...asked, phases: null })
    await runner.report(claim, 'started')

    await runner.report(claim, 'complete', { ...SUCCESS, phases: PHASES })

    expect(await getExecution(fixture, id)).toMatchObject({ ...asked, phases: PHASES })
    expect(await readJson(await fixture.send('GET', '/v1/executions'))).toMatchObject({
      executions: [{ ...asked, phases: PHASES }],
    })
  })

  test('is the least where nothing was asked for or told', async () => {
    const { fixture, runner, id, claim } = await arrange()
    await runner.report(claim, 'started')
    await runner.report(claim, 'complete', SUCCESS)

    expect(await getExecution(fixture, id)).toMatchObject({
      image: null,
      resources: {},
      network: null,
      isolation: 'execution',
      phases: null,
    })
  })

  test.for([
    ['less than no time', { ...PHASES, scriptMs: -1 }],
    ['a container that is not known', { ...PHASES, container: 'hot' }],
    ['an unknown phase', { ...PHASES, lunchMs: 1 }],
    ['half of it', { scriptMs: 1 }],
  ] as const)('is refused with %s', async ([, phases]) => {
    const { fixture, runner, id, claim } = await arrange()
    await runner.report(claim, 'started')

    const response = await runner.report(claim, 'complete', { ...SUCCESS, phases })

    expect(await readJson(response)).toMatchObject({ code: 'invalid_request' })
    expect((await getExecution(fixture, id)).status).toBe('running')
  })
})
