import { createExecutionId } from '@rgrid/protocol'
import { randomUUID } from 'node:crypto'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createServer, createSqliteStore, createDiskBlobs } from '../../src/index.js'
import {
  claimOne,
  createFixture,
  createSpec,
  createTestRunner,
  getExecution,
  grantKey,
  readJson,
  submit,
} from '../server-fixture.js'

/** Nobody looks again by himself any more: who waits is woken, or waits for ever. */
function stopTimers(): void {
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
}

describe('claims', () => {
  test('the oldest come first, and no more than asked for', async () => {
    let now = 1_700_000_000_000
    const store = createSqliteStore({ path: ':memory:', now: () => (now += 1) })
    const fixture = await createFixture({ store })
    const runner = await createTestRunner(fixture)
    const ids = [await submit(fixture), await submit(fixture), await submit(fixture)]

    const first = await runner.claim(2)
    const rest = await runner.claim(2)

    expect([...first, ...rest].map(({ executionId }) => executionId)).toEqual(ids)
    expect(first).toHaveLength(2)
    expect(new Set(first.map(({ leaseToken }) => leaseToken)).size).toBe(2)
  })

  test('repeating a claim id returns the same claims', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    await submit(fixture)
    await submit(fixture)
    const claimId = randomUUID()
    const first = await runner.claim(1, claimId)

    const again = await runner.claim(1, claimId)

    expect(again).toEqual(first)
    expect(await runner.claim(1)).toHaveLength(1)
  })

  test('a claim that waits answers as soon as something is submitted', async () => {
    const fixture = await createFixture()
    const { runnerId } = await createTestRunner(fixture)
    stopTimers()
    const body = { runnerId, claimId: randomUUID(), max: 1, waitMs: 10_000 }
    const waiting = fixture.send('POST', '/v1/runner/claims', body)
    // One round trip makes sure that the claim has begun to wait.
    await fixture.send('GET', '/v1/executions')

    const id = await submit(fixture)

    expect(await readJson(await waiting)).toMatchObject({ claims: [{ executionId: id }] })
  })

  test('a runner that went away while it waited is given nothing', async () => {
    const fixture = await createFixture()
    const { runnerId } = await createTestRunner(fixture)
    const key = grantKey(fixture.server, ['runner'])
    const gone = new AbortController()
    const waiting = fixture.server.fetch(
      new Request('http://rgrid.test/v1/runner/claims', {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ runnerId, claimId: randomUUID(), max: 1, waitMs: 10_000 }),
        signal: gone.signal,
      }),
    )

    gone.abort()
    const id = await submit(fixture)
    await waiting

    expect((await getExecution(fixture, id)).status).toBe('queued')
  })

  test('closing the server answers those who wait with nothing', async () => {
    const fixture = await createFixture()
    const { runnerId } = await createTestRunner(fixture)
    const body = { runnerId, claimId: randomUUID(), max: 1, waitMs: 10_000 }
    const waiting = fixture.send('POST', '/v1/runner/claims', body)
    // One round trip makes sure that the claim has begun to wait.
    await fixture.send('GET', '/v1/executions')

    await fixture.server.close()

    expect(await readJson(await waiting)).toEqual({ claims: [] })
    expect((await fixture.send('GET', '/v1/executions')).status).toBe(503)
  })

  test('only what the runner offers is handed out, by the order of its offers', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    await submit(fixture, createSpec({ runtime: 'bash' }))
    await submit(fixture, createSpec({ executor: 'docker' }))
    const fits = await submit(fixture, createSpec({ runtime: 'node' }))

    const claims = await runner.claim(8)

    expect(claims.map(({ executionId, executor }) => [executionId, executor])).toEqual([[fits, 'process']])
  })

  test('the first of two fitting offers decides the executor', async () => {
    const fixture = await createFixture()
    const { runnerId } = await createTestRunner(fixture)
    const offers = [
      { executor: 'docker', runtimes: ['python'] },
      { executor: 'process', runtimes: ['python'] },
    ]
    await fixture.send('POST', '/v1/runner/register', { runnerId, name: 'test', slots: 1, offers })
    await submit(fixture)
    await submit(fixture, createSpec({ executor: 'process' }))

    const body = { runnerId, claimId: randomUUID(), max: 2 }
    const { claims } = await readJson<{ claims: { executor: string }[] }>(
      await fixture.send('POST', '/v1/runner/claims', body),
    )

    expect(claims.map(({ executor }) => executor)).toEqual(['docker', 'process'])
  })

  test('a runner that is not registered is told so', async () => {
    const fixture = await createFixture()

    const body = { runnerId: `run_${'0'.repeat(32)}`, claimId: randomUUID(), max: 1 }
    const response = await fixture.send('POST', '/v1/runner/claims', body)

    expect(response.status).toBe(409)
    expect(await readJson(response)).toMatchObject({ code: 'runner_unknown' })
  })

  test('the process executor is refused where it is not allowed, with the flag that allows it', async () => {
    const fixture = await createFixture({ allowProcess: false })

    await expect(createTestRunner(fixture)).rejects.toThrow(/--allow-process/)
  })

  test('what no runner can take is refused where it is not to be waited for, and nothing is stored', async () => {
    const fixture = await createFixture({ refuseUnfit: true })
    await createTestRunner(fixture)
    const put = (spec: object) => fixture.send('PUT', `/v1/executions/${createExecutionId()}`, spec)

    const fits = await put(createSpec())
    const unfit = await put(createSpec({ executor: 'docker' }))

    expect(fits.status).toBe(201)
    expect(unfit.status).toBe(400)
    expect((await readJson(unfit))['detail']).toMatch(
      /^executor: no connected runner offers \w+ on docker: "rgrid doctor"/,
    )
    expect(
      (await readJson<{ executions: unknown[] }>(await fixture.send('GET', '/v1/executions'))).executions,
    ).toHaveLength(1)
  })

  test('a runner of another pool or project gets nothing', async () => {
    const store = createSqliteStore({ path: ':memory:' })
    const fixture = await createFixture({ store })
    const blobs = createDiskBlobs({ directory: fixture.directory })
    const otherPool = createServer({ store, blobs, pool: 'gpu', allowProcess: true })
    const key = grantKey(otherPool, ['runner', 'submit'])
    const gpuSend: typeof fixture.send = (method, path, body) =>
      otherPool.fetch(
        new Request(`http://rgrid.test${path}`, {
          method,
          headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
      )
    const gpuRunner = await createTestRunner({ ...fixture, send: gpuSend })
    const stranger = await createTestRunner(fixture, { key: grantKey(fixture.server, ['runner'], 'other') })
    const runner = await createTestRunner(fixture)
    await submit(fixture)
    const ofGpu = await submit({ ...fixture, send: gpuSend })

    expect((await gpuRunner.claim(8)).map(({ executionId }) => executionId)).toEqual([ofGpu])
    expect(await stranger.claim()).toEqual([])
    expect(await runner.claim()).toHaveLength(1)
  })
})

describe('cancel', () => {
  test('a queued execution is cancelled at once, twice is fine', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const id = await submit(fixture)

    const first = await fixture.send('POST', `/v1/executions/${id}/cancel`)
    const second = await fixture.send('POST', `/v1/executions/${id}/cancel`)

    expect(await readJson(first)).toMatchObject({ status: 'cancelled', cause: 'cancelled' })
    expect(second.status).toBe(200)
    expect(await runner.claim()).toEqual([])
  })

  test('a claimed execution is not started any more', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const id = await submit(fixture)
    const claim = await claimOne(runner)
    await fixture.send('POST', `/v1/executions/${id}/cancel`)

    const started = await runner.report(claim, 'started')
    await runner.report(claim, 'complete', { cause: 'cancelled', exitCode: null, signal: null })

    expect(await readJson(started)).toEqual({ cancelRequested: true })
    expect(await getExecution(fixture, id)).toMatchObject({ status: 'cancelled', startedAt: null })
  })

  test('the runner of a running execution hears of it while its renewal waits', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const id = await submit(fixture)
    const claim = await claimOne(runner)
    await runner.report(claim, 'started')
    stopTimers()
    const renewal = runner.report(claim, 'renew', { waitMs: 10_000 })
    // One round trip makes sure that the renewal has begun to wait.
    await fixture.send('GET', '/v1/executions')

    const answer = await fixture.send('POST', `/v1/executions/${id}/cancel`)

    expect(await readJson(answer)).toMatchObject({ status: 'running', cancelRequested: true })
    expect(await readJson(await renewal)).toEqual({ cancelRequested: true })
    expect(await readJson(await runner.report(claim, 'renew', { waitMs: 10_000 }))).toEqual({
      cancelRequested: true,
    })
  })

  test('a finished execution cannot be cancelled', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const id = await submit(fixture)
    const claim = await claimOne(runner)
    await runner.report(claim, 'complete', { cause: 'internal', exitCode: null, signal: null })

    const response = await fixture.send('POST', `/v1/executions/${id}/cancel`)

    expect(response.status).toBe(409)
    expect(await readJson(response)).toMatchObject({ code: 'already_finished' })
  })

  test('what is not there cannot be cancelled', async () => {
    const fixture = await createFixture()

    const response = await fixture.send('POST', `/v1/executions/${createExecutionId()}/cancel`)

    expect(response.status).toBe(404)
  })
})
