import { parseCursor, type ExecutionRecord, type Retries } from '@rgrid/protocol'
import { describe, expect, test } from 'vitest'
import { createSqliteStore } from '../../src/index.js'
import {
  claimOne,
  createDockerOffer,
  createFixture,
  createSpec,
  createTestRunner,
  getExecution,
  inlineFile,
  logChunk,
  readJson,
  submit,
  SUCCESS,
} from '../server-fixture.js'

const FAILURE = { ...SUCCESS, exitCode: 75 }
const OUT_OF_MEMORY = { ...SUCCESS, cause: 'out_of_memory', exitCode: null, signal: 'SIGKILL' }
// No pause before a first repetition is longer.
const DUE_MS = 1_000

async function arrange(retries: Retries, options: Parameters<typeof createFixture>[0] = {}) {
  let now = 1_700_000_000_000
  const store = createSqliteStore({ path: ':memory:', now: () => now })
  const fixture = await createFixture({ store, ...options })
  const runner = await createTestRunner(fixture)
  const id = await submit(fixture, createSpec({ retries }))
  return { fixture, runner, id, pass: (ms: number) => void (now += ms) }
}

type Arranged = Awaited<ReturnType<typeof arrange>>

/** Starts the only execution that waits, lets it print and ends it. */
async function attempt({ runner }: Pick<Arranged, 'runner'>, end: object, text = '') {
  const claim = await claimOne(runner)
  await runner.report(claim, 'started')
  const chunks = text === '' ? [] : [logChunk(1, text)]
  expect((await runner.report(claim, 'complete', { ...end, chunks })).status).toBe(200)
  return claim
}

const readEvents = async ({ fixture, id }: Arranged) =>
  (await (await fixture.send('GET', `/v1/executions/${id}/events`)).text())
    .split('\n\n')
    .map((block) => /^data: (.*)$/m.exec(block)?.[1])
    .filter((data) => data !== undefined)
    .map((data) => JSON.parse(data) as { text?: string; execution?: ExecutionRecord })

describe('an execution that is tried again', () => {
  test('waits for its time in the queue and says why', async () => {
    const arranged = await arrange({ exit: { codes: [75], times: 1 } })
    const { fixture, runner, id, pass } = arranged

    await attempt(arranged, FAILURE)

    const waiting = await getExecution(fixture, id)
    expect(waiting).toMatchObject({ status: 'queued', attempt: 1, startedAt: null, cause: null })
    expect(waiting.message).toMatch(/^attempt 1 ended with exit code 75; tried again in (?:0\.\d|1\.0) s$/)
    expect(Date.parse(waiting.notBefore ?? '') - 1_700_000_000_000).toBeGreaterThanOrEqual(500)
    expect(await runner.claim()).toEqual([])
    pass(DUE_MS)
    expect(await claimOne(runner)).toMatchObject({ executionId: id, attempt: 2 })
    expect(await getExecution(fixture, id)).toMatchObject({
      status: 'claimed',
      message: null,
      notBefore: null,
    })
  })

  test('shows every attempt, and is what the last one was', async () => {
    const arranged = await arrange({ exit: 1 })
    await attempt(arranged, { ...FAILURE, outputs: [inlineFile('half.txt', 'half')] }, 'first\n')
    arranged.pass(DUE_MS)
    const claim = await attempt(arranged, { ...SUCCESS, outputs: [inlineFile('all.txt', 'all')] }, 'second\n')

    const record = await getExecution(arranged.fixture, arranged.id)

    expect(claim.spec).not.toHaveProperty('retries')
    expect(record).toMatchObject({
      status: 'completed',
      exitCode: 0,
      attempt: 2,
      costMicrons: 2_000,
      logs: { stdoutBytes: 7, cursor: '2.1' },
      artifacts: [{ path: 'all.txt' }],
      retries: { exit: 1 },
    })
    const runner = { id: arranged.runner.runnerId, name: 'test' }
    expect(record.attempts).toMatchObject([
      { attempt: 1, runner, outcome: 'failed', cause: 'exit', exitCode: 75, costMicrons: 1_000 },
      { attempt: 2, runner, outcome: 'completed', cause: 'exit', exitCode: 0, costMicrons: 1_000 },
    ])
    expect(record.attempts.map(({ logs, usage }) => [logs, usage])).toEqual([
      [{ stdoutBytes: 6, stderrBytes: 0, droppedBytes: 0, cursor: '1.1' }, SUCCESS.usage],
      [{ stdoutBytes: 7, stderrBytes: 0, droppedBytes: 0, cursor: '2.1' }, SUCCESS.usage],
    ])
  })

  test('gives the output of all attempts in order, or of one of them', async () => {
    const arranged = await arrange({ exit: 1 })
    await attempt(arranged, FAILURE, 'first\n')
    arranged.pass(DUE_MS)
    await attempt(arranged, FAILURE, 'second\n')

    const events = await readEvents(arranged)
    const read = async (query: string) =>
      (await arranged.fixture.send('GET', `/v1/executions/${arranged.id}/logs${query}`)).text()

    expect(events.map(({ text }) => text)).toEqual(['first\n', 'second\n', undefined])
    expect(parseCursor(events.at(-1)?.execution?.logs.cursor ?? '')).toEqual({ attempt: 2, seq: 1 })
    expect(await read('')).toBe('first\nsecond\n')
    expect(await read('?attempt=1')).toBe('first\n')
    expect(await read('?attempt=2&tail=1')).toBe('second\n')
    expect(await read('?attempt=3')).toBe('')
  })

  test('ends with its last attempt when no more are allowed', async () => {
    const arranged = await arrange({ exit: 1 })
    await attempt(arranged, FAILURE)
    arranged.pass(DUE_MS)
    await attempt(arranged, FAILURE)

    const record = await getExecution(arranged.fixture, arranged.id)

    expect(record).toMatchObject({ status: 'failed', exitCode: 75, attempt: 2 })
  })

  test('brings home no file that an attempt before has sent ahead', async () => {
    const arranged = await arrange({ exit: 1 })
    const { fixture, runner, id, pass } = arranged
    const claim = await claimOne(runner)
    await runner.report(claim, 'started')
    const outputs = [inlineFile('half.txt', 'half')]
    expect((await runner.report(claim, 'outputs', { outputs })).status).toBe(200)
    await runner.report(claim, 'complete', FAILURE)
    pass(DUE_MS)
    await attempt(arranged, SUCCESS)

    expect((await getExecution(fixture, id)).artifacts).toEqual([])
  })

  test('ends at once after an end that is not to be tried again', async () => {
    const arranged = await arrange({ exit: { codes: [75], times: 3 }, timeout: 1 })
    await attempt(arranged, { ...SUCCESS, exitCode: 1 })

    expect(await getExecution(arranged.fixture, arranged.id)).toMatchObject({ status: 'failed', attempt: 1 })
  })

  test('is cancelled at once while it waits', async () => {
    const arranged = await arrange({ exit: 1 })
    const { fixture, runner, id, pass } = arranged
    await attempt(arranged, FAILURE)

    const answer = await readJson(await fixture.send('POST', `/v1/executions/${id}/cancel`))

    expect(answer).toMatchObject({
      status: 'cancelled',
      message: 'cancelled while it waited to be tried again',
      attempts: [{ exitCode: 75 }],
    })
    pass(DUE_MS)
    expect(await runner.claim()).toEqual([])
  })

  test('is not tried again once a cancel was requested', async () => {
    const arranged = await arrange({ exit: 1 })
    const { fixture, runner, id } = arranged
    const claim = await claimOne(runner)
    await runner.report(claim, 'started')
    await fixture.send('POST', `/v1/executions/${id}/cancel`)

    await runner.report(claim, 'complete', FAILURE)

    expect((await getExecution(fixture, id)).status).toBe('failed')
  })

  test('hears nothing more of an attempt that has ended', async () => {
    const arranged = await arrange({ exit: 1 })
    const { fixture, runner, id, pass } = arranged
    const old = await attempt(arranged, FAILURE, 'first\n')

    expect((await runner.report(old, 'complete', { ...SUCCESS, chunks: [] })).status).toBe(200)
    for (const what of ['started', 'renew', 'logs'])
      expect(
        await readJson(await runner.report(old, what, what === 'logs' ? { chunks: [] } : {})),
      ).toMatchObject({ code: 'lease_lost' })
    expect((await getExecution(fixture, id)).status).toBe('queued')
    pass(DUE_MS)
    await claimOne(runner)
    expect((await runner.report(old, 'complete', SUCCESS)).status).toBe(409)
  })

  test('may end before its start, where that is allowed', async () => {
    const arranged = await arrange({ image_pull: 1 })
    const claim = await claimOne(arranged.runner)
    const end = { cause: 'image_pull', exitCode: null, signal: null, message: 'no such host' }

    await arranged.runner.report(claim, 'complete', end)

    const record = await getExecution(arranged.fixture, arranged.id)
    expect(record).toMatchObject({ status: 'queued', costMicrons: null })
    expect(record.attempts).toMatchObject([{ cause: 'image_pull', message: 'no such host', startedAt: null }])
  })

  test('has a limit of output for each attempt', async () => {
    const arranged = await arrange({ exit: 1 })
    const { fixture, runner, id, pass } = arranged
    const bulk = async () => {
      const claim = await claimOne(runner)
      await runner.report(claim, 'started')
      for (let seq = 1; seq <= 168; seq += 8) {
        const chunks = Array.from({ length: 8 }, (_, index) => logChunk(seq + index, Buffer.alloc(65_536)))
        expect((await runner.report(claim, 'logs', { chunks })).status).toBe(200)
      }
      await runner.report(claim, 'complete', FAILURE)
    }

    await bulk()
    pass(DUE_MS)
    await bulk()

    expect((await getExecution(fixture, id)).logs.stdoutBytes).toBe(168 * 65_536)
  })
})

describe('after it ran out of memory', () => {
  const growing: Retries = { out_of_memory: { memoryMib: 'x2', times: 3 } }
  const offer = createDockerOffer({ resources: { cpus: 2, memoryMib: 250, pids: 256, diskMib: 10_240 } })

  async function arrangeGrowing(options: Parameters<typeof createFixture>[0] = {}) {
    const arranged = await arrange({}, options)
    const runner = await createTestRunner(arranged.fixture, {}, [offer])
    await arranged.fixture.send('POST', `/v1/executions/${arranged.id}/cancel`)
    const spec = createSpec({ retries: growing, resources: { memoryMib: 100 }, runtime: 'python' })
    return { ...arranged, runner, id: await submit(arranged.fixture, spec) }
  }

  test('the next attempt gets twice the memory, as far as a runner has it', async () => {
    const arranged = await arrangeGrowing()
    const { fixture, id, pass } = arranged
    const claims = [await attempt(arranged, OUT_OF_MEMORY)]
    const { message } = await getExecution(fixture, id)
    for (let turn = 1; turn <= 2; turn++) {
      pass(4 * DUE_MS)
      claims.push(await attempt(arranged, OUT_OF_MEMORY))
    }

    const record = await getExecution(fixture, id)

    expect(message).toMatch(/^attempt 1 ran out of memory; tried again in .* with 200 MiB of memory$/)
    expect(claims.map(({ spec }) => spec.resources.memoryMib)).toEqual([100, 200, 250])
    expect(record).toMatchObject({ status: 'failed', cause: 'out_of_memory', resources: { memoryMib: 100 } })
    expect(record.attempts.map(({ memoryMib }) => memoryMib)).toEqual([100, 200, 250])
  })

  test('the server allows no more than its own limit', async () => {
    const arranged = await arrangeGrowing({ ceilings: { memoryMib: 120 } })
    await attempt(arranged, OUT_OF_MEMORY)
    arranged.pass(DUE_MS)

    expect((await claimOne(arranged.runner)).spec.resources.memoryMib).toBe(120)
  })
})
