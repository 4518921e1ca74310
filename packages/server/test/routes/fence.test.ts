import { describe, expect, test } from 'vitest'
import {
  claimOne,
  createFixture,
  createTestRunner,
  getExecution,
  inlineFile,
  logChunk,
  readJson,
  sha256,
  submit,
  SUCCESS,
} from '../server-fixture.js'

const PHASES = {
  container: null,
  dependenciesMs: 0,
  placeMs: 0,
  inputsMs: 0,
  launchMs: 0,
  firstOutputMs: 0,
  scriptMs: 0,
  outputsMs: 0,
}

const writes = [
  ['started', {}],
  ['renew', {}],
  ['renew', { phase: 'preparing', message: 'stale' }],
  ['logs', { chunks: [logChunk(1, 'stale')] }],
  ['outputs', { outputs: [inlineFile('stale.txt', 'stale')] }],
  ['complete', { ...SUCCESS, phases: PHASES, outputs: [inlineFile('stale.txt', 'stale')] }],
] as const

describe('the fence', () => {
  test.for(writes)('a stale lease token is refused on %s and changes nothing', async ([what, body]) => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const id = await submit(fixture)
    const claim = await claimOne(runner)
    await runner.report(claim, 'started')
    const before = await getExecution(fixture, id)

    const response = await runner.report({ ...claim, leaseToken: '0'.repeat(32) }, what, body)

    expect(response.status).toBe(409)
    expect(await readJson(response)).toMatchObject({ code: 'lease_lost' })
    expect(await getExecution(fixture, id)).toEqual(before)
  })

  test.for(writes)('another attempt number is refused on %s', async ([what, body]) => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    await submit(fixture)
    const claim = await claimOne(runner)

    const response = await runner.report({ ...claim, attempt: 2 }, what, body)

    expect(await readJson(response)).toMatchObject({ code: 'lease_lost' })
  })

  test.for(['started', 'renew', 'logs', 'outputs'])(
    'nothing but a repeated complete is taken after the end: %s',
    async (what) => {
      const fixture = await createFixture()
      const runner = await createTestRunner(fixture)
      const id = await submit(fixture)
      const claim = await claimOne(runner)
      await runner.report(claim, 'started')
      await runner.report(claim, 'complete', SUCCESS)
      const before = await getExecution(fixture, id)

      const late = await runner.report(claim, what, Object.fromEntries(writes)[what])
      const again = await runner.report(claim, 'complete', { ...SUCCESS, exitCode: 1 })

      expect(late.status).toBe(409)
      expect(again.status).toBe(200)
      expect(await getExecution(fixture, id)).toEqual(before)
    },
  )

  test('another tenant with the right token is refused', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    await submit(fixture)
    const claim = await claimOne(runner)
    const key = fixture.server.grant({ project: 'other', scopes: ['runner'] })
    const { leaseToken } = claim

    const path = `/v1/runner/attempts/${claim.executionId}.1/started`
    const response = await fixture.send('POST', path, { leaseToken }, { key })

    expect(response.status).toBe(409)
  })

  test('a started that is repeated after a lost answer is fine', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    await submit(fixture)
    const claim = await claimOne(runner)
    await runner.report(claim, 'started')

    const again = await runner.report(claim, 'started')

    expect(await readJson(again)).toEqual({ cancelRequested: false })
  })

  test('an attempt that never started cannot end with an exit code', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const id = await submit(fixture)
    const claim = await claimOne(runner)

    const response = await runner.report(claim, 'complete', SUCCESS)

    expect(await readJson(response)).toMatchObject({ code: 'invalid_request' })
    expect((await getExecution(fixture, id)).status).toBe('claimed')
  })

  test('an attempt that never started may fail, and costs nothing', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const id = await submit(fixture)
    const claim = await claimOne(runner)

    await runner.report(claim, 'complete', {
      cause: 'image_pull',
      exitCode: null,
      signal: null,
      message: 'no image',
    })

    const record = await getExecution(fixture, id)
    expect(record).toMatchObject({
      status: 'failed',
      cause: 'image_pull',
      message: 'no image',
      costMicrons: null,
    })
  })
})

describe('completion', () => {
  test('outputs whose blobs are unknown are refused and nothing is stored', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const id = await submit(fixture)
    const claim = await claimOne(runner)
    await runner.report(claim, 'started')
    const missing = { path: 'big.bin', sha256: sha256('big'), size: 3 }

    const chunks = [logChunk(1, 'x')]
    const response = await runner.report(claim, 'complete', { ...SUCCESS, chunks, outputs: [missing] })

    expect(response.status).toBe(409)
    expect(await readJson(response)).toMatchObject({ code: 'missing_blobs', missing: [sha256('big')] })
    const record = await getExecution(fixture, id)
    expect(record).toMatchObject({ status: 'running', artifacts: [], logs: { stdoutBytes: 0 } })
  })

  test('an inline output that is not what its digest says is refused', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    await submit(fixture)
    const claim = await claimOne(runner)
    await runner.report(claim, 'started')
    const outputs = [{ ...inlineFile('a', 'right'), sha256: sha256('wrong') }]

    const response = await runner.report(claim, 'complete', { ...SUCCESS, outputs })

    expect(await readJson(response)).toMatchObject({ code: 'digest_mismatch', status: 400 })
  })
})
