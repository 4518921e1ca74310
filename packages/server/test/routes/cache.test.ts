import {
  createBatchId,
  createExecutionId,
  createRunnerId,
  type CacheOutcome,
  type ExecutionRecord,
  type SpecInput,
} from '@rgrid/protocol'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createSqliteStore } from '../../src/index.js'
import {
  claimOne,
  createDockerOffer,
  createFixture,
  createOffer,
  createSpec,
  createTestRunner,
  getExecution,
  grantKey,
  inlineFile,
  logChunk,
  readJson,
  sha256,
  submit,
  SUCCESS,
  type Fixture,
  type TestRunner,
} from '../server-fixture.js'

const IMAGE = 'docker sha256:one'
const DIGEST = `sha256:${sha256('an image')}`
const SCRIPT = inlineFile('hello.py', 'print("hello")\n')
const DATA = inlineFile('data.csv', '1,2\n')

const createCached = (over: Partial<SpecInput> = {}): SpecInput =>
  createSpec({ cache: true, files: [SCRIPT, DATA], ...over })

interface Told {
  readonly name?: string
  readonly python?: string
  readonly images?: Record<string, string>
  /** Patterns of images that it takes. */
  readonly allowed?: string[]
}

/** Says what scripts run in, as a runner with containers. */
async function tellEnvironments(
  { send }: Fixture,
  { runnerId }: Pick<TestRunner, 'runnerId'>,
  { name = 'test', python = IMAGE, images = {}, allowed = ['python:*'] }: Told = {},
): Promise<void> {
  const environments = [{ executor: 'docker', runtimes: { python }, images }]
  const said = { runnerId, name, slots: 4, offers: [createDockerOffer({ images: allowed })], environments }
  expect((await send('POST', '/v1/runner/register', said)).status).toBe(200)
}

async function createCacheFixture() {
  let now = 1_700_000_000_000
  const store = createSqliteStore({ path: ':memory:', now: () => now })
  const fixture = await createFixture({ store })
  const runner = await createTestRunner(fixture, {}, [createDockerOffer()])
  await tellEnvironments(fixture, runner)
  return { fixture, runner, pass: (ms: number) => void (now += ms) }
}

/** Runs what is queued to its end. */
async function runOne(runner: TestRunner, over: object = {}): Promise<string> {
  const claim = await claimOne(runner)
  await runner.report(claim, 'started')
  const end = {
    ...SUCCESS,
    chunks: [logChunk(1, 'hello\n'), logChunk(2, 'careful\n', 'stderr')],
    outputs: [{ ...inlineFile('out/result.txt', 'result'), executable: true }],
    notes: ['a note'],
    environment: IMAGE,
    ...over,
  }
  expect((await runner.report(claim, 'complete', end)).status).toBe(200)
  return claim.executionId
}

/** Asks the cache once, and lets that run to its end. */
async function seed(fixture: Fixture, runner: TestRunner, spec = createCached(), over: object = {}) {
  const id = await submit(fixture, spec)
  await runOne(runner, over)
  return id
}

/** What comes of asking the cache again; what runs is taken out of the queue. */
async function ask(fixture: Fixture, spec = createCached()): Promise<CacheOutcome | null> {
  const { id, cache, status } = await getExecution(fixture, await submit(fixture, spec))
  if (status === 'queued') await fixture.send('POST', `/v1/executions/${id}/cancel`)
  return cache
}

const missed = (missReason: string): CacheOutcome => ({ hit: false, missReason })

describe('a hit', () => {
  test('has ended with its begin, as the execution that stands in, and is handed to no runner', async () => {
    const { fixture, runner } = await createCacheFixture()
    const first = await seed(fixture, runner)
    const before = await getExecution(fixture, first)

    const id = await submit(fixture, createCached({ labels: { run: 'second' } }))

    const record = await getExecution(fixture, id)
    expect(record).toMatchObject({
      ...{ status: 'completed', cause: 'exit', exitCode: 0, labels: { run: 'second' }, notes: ['a note'] },
      ...{ attempt: 0, attempts: [], startedAt: null, usage: null, phases: null, costMicrons: 0 },
      cache: { hit: true, executionId: first },
    })
    expect(record.artifacts).toEqual(before.artifacts)
    expect(record.logs).toMatchObject({ stdoutBytes: 6, stderrBytes: 8, cursor: '0.2' })
    expect(record.finishedAt).toBe(record.createdAt)
    expect(await runner.claim()).toEqual([])
    expect(before.cache).toEqual(missed('nothing like it has asked the cache before'))
  })

  test('gives log and files, also when the execution that stood in is deleted', async () => {
    const { fixture, runner } = await createCacheFixture()
    const first = await seed(fixture, runner)
    const id = await submit(fixture, createCached())
    expect((await fixture.send('DELETE', `/v1/executions/${first}`)).status).toBe(200)

    const log = await fixture.send('GET', `/v1/executions/${id}/logs?stream=both`)
    const file = await fixture.send('GET', `/v1/executions/${id}/artifacts/out/result.txt`)

    expect([await log.text(), await file.text()]).toEqual(['hello\ncareful\n', 'result'])
  })

  test('tells its events at once, from the first line to the end', async () => {
    const { fixture, runner } = await createCacheFixture()
    await seed(fixture, runner)
    // What waited for anything would wait for ever.
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    onTestFinished(() => void vi.useRealTimers())

    const response = await fixture.send('PUT', `/v1/executions/${createExecutionId()}`, createCached(), {
      headers: { accept: 'text/event-stream' },
    })

    const text = await response.text()
    expect([...text.matchAll(/^event: (\w+)/gm)].map(([, name]) => name)).toEqual(['log', 'log', 'end'])
    expect(text).toContain('id: 0.2')
  })

  test('is of the last attempt, where there were several', async () => {
    const { fixture, runner, pass } = await createCacheFixture()
    const spec = createCached({ retries: { exit: 1 } })
    const first = await submit(fixture, spec)
    await runOne(runner, { exitCode: 1, chunks: [logChunk(1, 'failed\n')] })
    pass(1_000)
    await runOne(runner)

    const id = await submit(fixture, spec)

    const log = await fixture.send('GET', `/v1/executions/${id}/logs?stream=stdout`)
    expect((await getExecution(fixture, id)).cache).toEqual({ hit: true, executionId: first })
    expect(await log.text()).toBe('hello\n')
  })

  test('stands in for nothing itself', async () => {
    const { fixture, runner } = await createCacheFixture()
    const first = await seed(fixture, runner)

    const again = [await ask(fixture), await ask(fixture)]
    await fixture.send('DELETE', `/v1/executions/${first}`)

    expect(again).toEqual(Array(2).fill({ hit: true, executionId: first }))
    expect(await ask(fixture)).toEqual(missed('nothing like it has asked the cache before'))
  })

  test('is there without a runner', async () => {
    const { fixture, runner, pass } = await createCacheFixture()
    const first = await seed(fixture, runner)
    pass(60_000)

    const { runners } = await readJson<{ runners: unknown[] }>(await fixture.send('GET', '/v1/runners'))

    expect(runners).toEqual([])
    expect(await ask(fixture)).toEqual({ hit: true, executionId: first })
  })

  test('is of what ran in what the runner has that was there last, where none is', async () => {
    const { fixture, runner, pass } = await createCacheFixture()
    await seed(fixture, runner)
    pass(60_000)
    await tellEnvironments(fixture, { runnerId: createRunnerId() }, { name: 'other', python: 'docker two' })
    pass(60_000)

    expect(await ask(fixture)).toMatchObject({ hit: false })
  })

  test('is not of what no runner may run any more', async () => {
    const { fixture, runner } = await createCacheFixture()
    const spec = createCached({ image: 'python:3.12' })
    const images = { 'python:3.12': IMAGE }
    await tellEnvironments(fixture, runner, { images })
    await seed(fixture, runner, spec)
    await tellEnvironments(fixture, runner, { images, allowed: [] })

    expect(await ask(fixture, spec)).toMatchObject({ hit: false })
  })

  test('is not of an executor that the server does not allow any more', async () => {
    const store = createSqliteStore({ path: ':memory:' })
    const fixture = await createFixture({ store })
    const runner = await createTestRunner(fixture)
    const environments = [{ executor: 'process', runtimes: { python: 'process one' }, images: {} }]
    const said = { runnerId: runner.runnerId, name: 'test', slots: 4, offers: [createOffer()], environments }
    await fixture.send('POST', '/v1/runner/register', said)
    const spec = createCached({ cache: { network: true } })
    await seed(fixture, runner, spec, { environment: 'process one' })

    expect(await ask(fixture, spec)).toMatchObject({ hit: true })
    expect(await ask(await createFixture({ store, allowProcess: false }), spec)).toMatchObject({ hit: false })
  })

  test('is found for an image with a tag and a digest, of which engines keep the digest', async () => {
    const { fixture, runner } = await createCacheFixture()
    await tellEnvironments(fixture, runner, { images: { [`python@${DIGEST}`]: IMAGE } })
    const spec = createCached({ image: `python:3.12@${DIGEST}` })
    const first = await seed(fixture, runner, spec)

    expect(await ask(fixture, spec)).toEqual({ hit: true, executionId: first })
  })

  test('is found for an image whatever its name is', async () => {
    const { fixture, runner } = await createCacheFixture()
    await tellEnvironments(fixture, runner, { allowed: ['*'] })

    expect(await ask(fixture, createCached({ image: 'constructor' }))).toEqual(
      missed('nothing like it has asked the cache before'),
    )
  })

  test('is only for who asks, and only of what asked', async () => {
    const { fixture, runner } = await createCacheFixture()
    await seed(fixture, runner, createCached({ cache: false }))

    const unasked = await ask(fixture, createCached({ cache: false }))
    const asked = await ask(fixture)

    expect([unasked, asked]).toEqual([null, missed('nothing like it has asked the cache before')])
  })

  test('submitted again under its id is the same', async () => {
    const { fixture, runner } = await createCacheFixture()
    await seed(fixture, runner)
    const id = await submit(fixture, createCached())

    const again = await fixture.send('PUT', `/v1/executions/${id}`, createCached())

    expect([again.status, await readJson(again)]).toMatchObject([200, { id, status: 'completed' }])
  })

  test('is not what a retry gets', async () => {
    const { fixture, runner } = await createCacheFixture()
    const first = await seed(fixture, runner)

    const response = await fixture.send('POST', `/v1/executions/${first}/retry`, { id: createExecutionId() })

    expect(await readJson(response)).toMatchObject({ status: 'queued', cache: null, retryOf: first })
  })

  test('is not of another project', async () => {
    const { fixture, runner } = await createCacheFixture()
    await seed(fixture, runner)
    const key = grantKey(fixture.server, ['submit', 'read', 'runner'], 'other')
    const said = { runnerId: createRunnerId(), name: 'test', slots: 4, offers: [createDockerOffer()] }
    const environments = [{ executor: 'docker', runtimes: { python: IMAGE }, images: {} }]
    await fixture.send('POST', '/v1/runner/register', { ...said, environments }, { key })

    const response = await fixture.send('PUT', `/v1/executions/${createExecutionId()}`, createCached(), {
      key,
    })

    expect(((await response.json()) as ExecutionRecord).cache).toEqual(
      missed('nothing like it has asked the cache before'),
    )
  })
})

describe('a miss says why', () => {
  const CHANGES: [string, Partial<SpecInput>, string][] = [
    ['script', { files: [inlineFile('hello.py', 'print("bye")\n'), DATA] }, 'script hello.py changed'],
    ['arguments', { args: ['a'] }, 'arguments changed'],
    ['a value of the environment', { env: { TOKEN: 'secret' } }, 'environment TOKEN is new'],
    ['an input', { files: [SCRIPT, inlineFile('data.csv', '3,4\n')] }, 'input data.csv changed'],
    ['a mode', { files: [SCRIPT, { ...DATA, executable: true }] }, 'input data.csv changed'],
    ['an input more', { files: [SCRIPT, DATA, inlineFile('b.csv', '')] }, 'input b.csv is new'],
    ['an input less', { files: [SCRIPT] }, 'input data.csv is gone'],
    ['a limit', { resources: { memoryMib: 64 } }, 'memoryMib is new'],
    ['outputs', { outputs: ['*.txt'] }, 'the patterns of outputs changed'],
    ['the standard input', { stdin: 'data.csv' }, 'the standard input changed'],
    ['a folder', { folders: ['empty'] }, 'the empty folders changed'],
    [
      'much',
      { args: ['a'], env: { A: '1', B: '2' }, files: [SCRIPT] },
      'arguments changed, environment A is new, environment B is new, 1 more',
    ],
  ]
  test.each(CHANGES)('when %s changed', async (_what, over, reason) => {
    const { fixture, runner } = await createCacheFixture()
    await seed(fixture, runner)

    expect(await ask(fixture, createCached(over))).toEqual(missed(reason))
  })

  test('with names alone, never with values, when the environment changed or lost something', async () => {
    const { fixture, runner } = await createCacheFixture()
    await seed(fixture, runner, createCached({ env: { TOKEN: 'secret', OLD: 'x' } }))

    const cache = await ask(fixture, createCached({ env: { TOKEN: 'other' } }))

    expect(cache).toEqual(missed('environment OLD is gone, environment TOKEN changed'))
  })

  test('compared with the earlier call that is most like it, before the latest', async () => {
    const { fixture, runner } = await createCacheFixture()
    await seed(fixture, runner, createCached({ args: ['mine'] }))
    for (let number = 0; number < 10; number++)
      await ask(fixture, createCached({ args: [String(number)], files: [SCRIPT] }))

    const changed = createCached({ args: ['mine'], files: [SCRIPT, inlineFile('data.csv', 'new')] })

    expect(await ask(fixture, changed)).toEqual(missed('input data.csv changed'))
  })

  test('compared with the call that has the fewest changes, in what it asks for and then in its files', async () => {
    const { fixture } = await createCacheFixture()
    const other = inlineFile('data.csv', 'other')
    await ask(fixture, createCached({ files: [SCRIPT, other] }))
    await ask(fixture, createCached({ files: [inlineFile('hello.py', 'pass'), other] }))
    for (const name of ['A', 'B', 'C']) await ask(fixture, createCached({ env: { [name]: '1' } }))

    expect(await ask(fixture)).toEqual(missed('input data.csv changed'))
  })

  test('when a file of the earlier one is not on the disk any more', async () => {
    const { fixture, runner } = await createCacheFixture()
    const { path, sha256, size } = inlineFile('large.bin', Buffer.alloc(500_000, 'x'))
    await fixture.send('PUT', `/v1/blobs/${sha256}`, Buffer.alloc(500_000, 'x'))
    const first = await seed(fixture, runner, createCached(), { outputs: [{ path, sha256, size }] })
    const hit = await ask(fixture)
    await rm(join(fixture.directory, 'blobs', sha256.slice(0, 2)), { recursive: true })

    expect(hit).toMatchObject({ hit: true })
    expect(await ask(fixture)).toEqual(missed(`files of ${first} are gone`))
  })

  test('when the image is another one now, and hits again when it is back', async () => {
    const { fixture, runner } = await createCacheFixture()
    const first = await seed(fixture, runner)
    await tellEnvironments(fixture, runner, { python: 'docker sha256:two' })

    const moved = await ask(fixture)
    await tellEnvironments(fixture, runner)

    expect(moved).toEqual(missed(`the runtime python is another one than ${first} ran in`))
    expect(await ask(fixture)).toEqual({ hit: true, executionId: first })
  })

  test('when an image of its own is another one, or is not there any more', async () => {
    const { fixture, runner } = await createCacheFixture()
    const spec = createCached({ image: 'python:3.12' })
    await tellEnvironments(fixture, runner, { images: { 'python:3.12': IMAGE } })
    const first = await seed(fixture, runner, spec)
    const hit = await ask(fixture, spec)
    await tellEnvironments(fixture, runner, { images: { 'python:3.12': 'docker sha256:two' } })
    const moved = await ask(fixture, spec)
    await tellEnvironments(fixture, runner, { images: {} })
    const gone = await ask(fixture, spec)

    expect(hit).toEqual({ hit: true, executionId: first })
    expect(moved).toEqual(missed(`the image python:3.12 is another one than ${first} ran in`))
    expect(gone).toEqual(missed('no runner says what the image python:3.12 is now'))
  })

  test('when what the earlier one left has expired or was deleted', async () => {
    const { fixture, runner } = await createCacheFixture()
    const first = await seed(fixture, runner)
    await fixture.send('DELETE', `/v1/executions/${first}/artifacts/out/result.txt`)

    expect(await ask(fixture)).toEqual(missed(`what ${first} left has expired or was deleted`))
  })

  test('while the same is still running', async () => {
    const { fixture } = await createCacheFixture()
    const first = await submit(fixture, createCached())

    expect(await ask(fixture)).toEqual(missed(`${first} works out the same, and has not ended yet`))
  })

  test('after a failure, unless failures will do', async () => {
    const { fixture, runner } = await createCacheFixture()
    const first = await seed(fixture, runner, createCached(), { exitCode: 3 })

    const plain = await ask(fixture)
    const willing = await ask(fixture, createCached({ cache: { failures: true } }))

    expect(plain).toEqual(
      missed(`${first} ended as failed: failures stand in only with cache: { failures: true }`),
    )
    expect(willing).toEqual({ hit: true, executionId: first })
  })

  test('after an end that was not of its own, also where failures will do', async () => {
    const { fixture, runner } = await createCacheFixture()
    const spec = createCached({ cache: { failures: true } })
    const over = { cause: 'timeout', exitCode: null }
    const first = await seed(fixture, runner, spec, over)

    expect(await ask(fixture, spec)).toEqual(
      missed(`${first} ended as timed_out: only what ends by itself can stand in`),
    )
  })

  test('after a signal, also where failures will do', async () => {
    const { fixture, runner } = await createCacheFixture()
    const spec = createCached({ cache: { failures: true } })
    const over = { cause: 'signal', exitCode: null, signal: 'SIGSEGV' }
    const first = await seed(fixture, runner, spec, over)

    expect(await ask(fixture, spec)).toEqual(
      missed(`${first} ended as failed: only what ends by itself can stand in`),
    )
  })

  test('when it can reach a network, unless that will do', async () => {
    const { fixture, runner } = await createCacheFixture()
    const spec = createCached({ network: 'bridge' })
    const first = await seed(fixture, runner, spec)

    const plain = await ask(fixture, spec)
    const willing = await ask(fixture, { ...spec, cache: { network: true } })

    const reason = 'its script can reach a network, whose answers change: ask for cache: { network: true }'
    expect(plain).toEqual(missed(reason))
    expect(willing).toEqual({ hit: true, executionId: first })
  })

  test('when it runs as a process of a machine, which has its network, unless that will do', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const environments = [{ executor: 'process', runtimes: { python: 'process one' }, images: {} }]
    const said = { name: 'test', slots: 4, offers: [createOffer()], environments }
    await fixture.send('POST', '/v1/runner/register', { ...said, runnerId: runner.runnerId })
    const first = await seed(fixture, runner, createCached(), { environment: 'process one' })

    const plain = await ask(fixture)
    const willing = await ask(fixture, createCached({ cache: { network: true } }))

    expect(plain).toMatchObject({ missReason: expect.stringContaining('can reach a network') as string })
    expect(willing).toEqual({ hit: true, executionId: first })
  })
})

test('what a runner said before it was started anew does not hold any more', async () => {
  const { fixture, runner, pass } = await createCacheFixture()
  await seed(fixture, runner)
  pass(1)
  const next = await createTestRunner(fixture, {}, [createDockerOffer()])
  await tellEnvironments(fixture, next, { python: 'docker sha256:two' })

  expect(await ask(fixture)).toMatchObject({ hit: false })
})

test('a runner hears nothing of it', async () => {
  const { fixture, runner } = await createCacheFixture()
  await submit(fixture, createCached())

  expect((await claimOne(runner)).spec).not.toHaveProperty('cache')
})

test('a batch does not take it', async () => {
  const { fixture } = await createCacheFixture()
  const id = createBatchId()
  await fixture.send('PUT', `/v1/batches/${id}`, { lane: 'lane' })
  const items = [{ index: 0, id: createExecutionId(), name: 'one' }]

  const response = await fixture.send('POST', `/v1/batches/${id}/items`, { spec: createCached(), items })

  expect([response.status, await readJson(response)]).toMatchObject([
    400,
    { detail: expect.stringContaining('spec.cache') as string },
  ])
})
