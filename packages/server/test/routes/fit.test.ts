import { createExecutionId, executionPageSchema, type Offer, type SpecInput } from '@rgrid/protocol'
import { randomUUID } from 'node:crypto'
import { describe, expect, test, vi } from 'vitest'
import { createDiskBlobs, createServer, createSqliteStore } from '../../src/index.js'
import {
  claimOne,
  createDockerOffer,
  createFixture,
  createOffer,
  createSpec,
  createTestRunner,
  getExecution,
  grantKey,
  readJson,
  submit,
  type Fixture,
  type TestRunner,
} from '../server-fixture.js'

const SMALL = { cpus: 8, memoryMib: 1_024, pids: 256, diskMib: 10_240 }

/** What runners offer, what is asked for, and what is said to it. */
const CASES: [string, readonly Offer[], Partial<SpecInput>, string][] = [
  ['executor', [createOffer()], { executor: 'docker' }, 'no connected runner offers python on docker'],
  [
    'runtime',
    [createDockerOffer(), createOffer({ runtimes: ['ruby3.10', 'ruby3.9', 'node', 'python'] })],
    { runtime: 'python3.13' },
    'no connected runner offers python3.13: there are python, node, ruby3.9, ruby3.10',
  ],
  [
    'runtime',
    [createDockerOffer({ runtimes: Array.from({ length: 14 }, (_, i) => `r${i}`) })],
    {},
    'no connected runner offers python: there are r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11 and 2 more',
  ],
  ['runtime', [createDockerOffer({ runtimes: [] })], {}, 'no connected runner offers python: there are none'],
  [
    'runtime',
    [createDockerOffer({ images: ['*'] })],
    { runtime: 'bash', image: 'a' },
    'no connected runner offers bash: there are python',
  ],
  [
    'runtime',
    [createDockerOffer({ runtimes: ['bash'] }), createOffer()],
    { runtime: 'bash', executor: 'process' },
    'no connected runner offers bash on process: there are python',
  ],
  ['image', [createDockerOffer()], { image: 'evil/x' }, 'no connected runner allows the image evil/x'],
  ['image', [createOffer({ images: ['*'] })], { image: 'a' }, 'no connected runner allows the image a'],
  [
    'network',
    [createDockerOffer({ networks: ['none'] })],
    { network: 'bridge' },
    'no connected runner offers the network bridge',
  ],
  ['network', [createOffer()], { network: 'none' }, 'no connected runner offers the network none'],
  [
    'resources.cpus',
    [createDockerOffer(), createOffer()],
    { resources: { cpus: 64 } },
    'no connected runner has 64 cpus: the most is 2',
  ],
  [
    'resources.memoryMib',
    [createDockerOffer(), createDockerOffer({ resources: SMALL })],
    { resources: { memoryMib: 8_192 } },
    'no connected runner has 8192 MiB of memory: the most is 4096',
  ],
  [
    'resources.memoryMib',
    [createDockerOffer(), createDockerOffer({ resources: SMALL })],
    { resources: { cpus: 8, memoryMib: 4_096 } },
    'no connected runner that has the rest has 4096 MiB of memory: the most is 1024',
  ],
  [
    'resources.pids',
    [createDockerOffer()],
    { resources: { pids: 257 } },
    'no connected runner has room for 257 processes: the most is 256',
  ],
  [
    'resources.diskMib',
    [createDockerOffer()],
    { resources: { diskMib: 10_241 } },
    'no connected runner has 10241 MiB of disk: the most is 10240',
  ],
  [
    'resources.cpus',
    [createOffer()],
    { resources: { cpus: 1 } },
    'no connected runner has 1 cpus: none limits scripts, as docker does',
  ],
]

const put = ({ send }: Fixture, over: Partial<SpecInput>, id = createExecutionId()) =>
  send('PUT', `/v1/executions/${id}`, createSpec(over))

const listIds = async ({ send }: Fixture): Promise<string[]> => {
  const { executions } = await readJson<{ executions: { id: string }[] }>(await send('GET', '/v1/executions'))
  return executions.map(({ id }) => id)
}

describe('what no runner can take', () => {
  test.for(CASES)('says so while it waits: %s', async ([, offers, over, message]) => {
    const fixture = await createFixture()
    // Two runners with one offer each say the same as one runner with both.
    for (const offer of offers) await createTestRunner(fixture, {}, [offer])
    const id = await submit(fixture, createSpec(over))

    const events = await fixture.send('GET', `/v1/executions/${id}/events`)
    const reader = (events.body as ReadableStream<Uint8Array>).getReader()
    const { value } = await reader.read()
    await reader.cancel()

    expect(await getExecution(fixture, id)).toMatchObject({ status: 'queued', message })
    expect(Buffer.from(value ?? []).toString()).toBe(
      `event: state\ndata: ${JSON.stringify({ status: 'queued', attempt: 0, message })}\n\n`,
    )
  })

  test.for(CASES)(
    'is refused at once where nobody else will come: %s',
    async ([field, offers, over, message]) => {
      const fixture = await createFixture({ refuseUnfit: true })
      await createTestRunner(fixture, {}, offers)

      const response = await put(fixture, over)

      expect(response.status).toBe(400)
      expect(await readJson(response)).toMatchObject({
        code: 'invalid_request',
        detail: `${field}: ${message}: "rgrid doctor" shows what this machine has`,
        issues: [{ path: field, message }],
      })
      expect(await listIds(fixture)).toEqual([])
    },
  )

  test('is not said of what only waits for its turn', async () => {
    const fixture = await createFixture()
    const id = await submit(fixture, createSpec({ image: 'python:3.12', resources: { cpus: 2 } }))
    expect((await getExecution(fixture, id)).message).toMatch(/^no runner is connected/)

    await createTestRunner(fixture, {}, [createDockerOffer()])

    expect((await getExecution(fixture, id)).message).toBeNull()
  })

  test('is said of runners that hold back, once all that fit do', async () => {
    const fixture = await createFixture({ refuseUnfit: true })
    const hold = async ({ runnerId }: TestRunner, holdsBack?: string) =>
      fixture.send('POST', '/v1/runner/claims', { runnerId, claimId: randomUUID(), max: 1, holdsBack })
    await createTestRunner(fixture, {}, [createDockerOffer()])
    const [first, second] = [await createTestRunner(fixture), await createTestRunner(fixture)]
    await hold(first, 'the disk is full')
    const id = await submit(fixture, createSpec({ executor: 'process' }))
    const messages = [(await getExecution(fixture, id)).message]
    await hold(second, 'the disk is full')
    messages.push((await getExecution(fixture, id)).message)

    expect(messages).toEqual([
      null,
      'no runner that fits claims anything now: test: the disk is full (and 1 more)',
    ])
    expect((await put(fixture, { executor: 'process' })).status).toBe(201)
  })

  test('is said in a list as well, with one look at the runners', async () => {
    const store = createSqliteStore({ path: ':memory:' })
    const fixture = await createFixture({ store })
    const runner = await createTestRunner(fixture)
    await submit(fixture)
    await claimOne(runner)
    await submit(fixture)
    for (const cpus of [64, 64, 32]) await submit(fixture, createSpec({ resources: { cpus } }))
    const list = vi.spyOn(store.runners, 'list')

    const { executions } = executionPageSchema.parse(
      await readJson(await fixture.send('GET', '/v1/executions')),
    )

    const none = (cpus: number) => `no connected runner has ${cpus} cpus: none limits scripts, as docker does`
    expect(executions.map(({ message }) => message)).toEqual([none(32), none(64), none(64), null, null])
    expect(list).toHaveBeenCalledTimes(1)
  })

  test('hands nothing to a runner that holds back', async () => {
    const fixture = await createFixture()
    const { runnerId, claim } = await createTestRunner(fixture)
    await submit(fixture)

    const body = { runnerId, claimId: randomUUID(), max: 1, holdsBack: 'the disk is full' }
    const held = await readJson(await fixture.send('POST', '/v1/runner/claims', body))

    expect(held).toEqual({ claims: [] })
    expect(await claim()).toHaveLength(1)
  })

  test('counts no executor that the server does not allow', async () => {
    const store = createSqliteStore({ path: ':memory:' })
    const fixture = await createFixture({ store })
    await createTestRunner(fixture)
    const blobs = createDiskBlobs({ directory: fixture.directory })
    const strict = createServer({ store, blobs, allowProcess: false, refuseUnfit: true })
    const key = grantKey(strict, ['submit'])

    const response = await strict.fetch(
      new Request(`http://rgrid.test/v1/executions/${createExecutionId()}`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify(createSpec()),
      }),
    )

    expect((await readJson(response))['detail']).toMatch(/^runtime: no connected runner offers python/)
  })
})

describe('what a server allows', () => {
  const bounds = {
    ceilings: { cpus: 4, memoryMib: 1_024, pids: 64, diskMib: 2_048 },
    images: ['python:*', 'ghcr.io/me/*'],
    networks: ['none'] as const,
  }

  test.for<[string, Partial<SpecInput>, string]>([
    ['resources.cpus', { resources: { cpus: 4.1 } }, '4.1 is over the limit of 4 on this server'],
    [
      'resources.memoryMib',
      { resources: { memoryMib: 1_025 } },
      '1025 is over the limit of 1024 on this server',
    ],
    ['resources.pids', { resources: { pids: 65 } }, '65 is over the limit of 64 on this server'],
    ['resources.diskMib', { resources: { diskMib: 2_049 } }, '2049 is over the limit of 2048 on this server'],
    [
      'image',
      { image: 'evil/python:3' },
      '"evil/python:3" is not allowed on this server: it allows "python:*", "ghcr.io/me/*"',
    ],
    ['network', { network: 'bridge' }, '"bridge" is not allowed on this server: it allows "none"'],
  ])('bounds %s, and says by what', async ([field, over, message]) => {
    const fixture = await createFixture(bounds)

    const response = await put(fixture, over)

    expect(response.status).toBe(400)
    expect(await readJson(response)).toMatchObject({
      code: 'invalid_request',
      detail: `${field}: ${message}`,
      issues: [{ path: field, message }],
    })
    expect(await listIds(fixture)).toEqual([])
  })

  test('is taken up to its bounds', async () => {
    const fixture = await createFixture(bounds)

    for (const image of ['python:3.12', 'ghcr.io/me/tool'])
      await submit(fixture, createSpec({ image, network: 'none', resources: bounds.ceilings }))

    expect(await listIds(fixture)).toHaveLength(2)
  })

  test('is everything that the protocol knows, unless it is bounded', async () => {
    const fixture = await createFixture()

    for (const network of ['none', 'bridge'] as const)
      await submit(fixture, createSpec({ network, image: 'any.registry/x', resources: { cpus: 1_024 } }))

    expect(await listIds(fixture)).toHaveLength(2)
  })

  test('tells all that is too much at once, and of empty lists that they are', async () => {
    const fixture = await createFixture({ ...bounds, images: [], networks: [] })

    const response = await put(fixture, { resources: { cpus: 8, pids: 65 }, image: 'a', network: 'none' })

    const { detail, issues } = await readJson<{ detail: string; issues: object[] }>(response)
    expect(detail).toBe('resources.cpus: 8 is over the limit of 4 on this server (and 3 more)')
    expect(issues).toMatchObject([
      { path: 'resources.cpus' },
      { path: 'resources.pids' },
      { path: 'image', message: '"a" is not allowed on this server, where none may be asked for' },
      { path: 'network', message: '"none" is not allowed on this server, where none may be asked for' },
    ])
  })

  test('changes nothing for what was accepted before', async () => {
    const store = createSqliteStore({ path: ':memory:' })
    const before = await createFixture({ store })
    const after = await createFixture({ store, ...bounds, refuseUnfit: true })
    const id = createExecutionId()
    await put(before, { network: 'bridge' }, id)

    expect((await put(after, { network: 'bridge' }, id)).status).toBe(200)
    expect(await readJson(await put(after, { network: 'none' }, id))).toMatchObject({
      code: 'id_conflict',
    })
    expect((await put(after, { network: 'bridge' })).status).toBe(400)
  })

  test.for([
    ['ceilings.cpus', { ceilings: { cpus: Number.NaN } }],
    ['ceilings.memoryMib', { ceilings: { memoryMib: '1024' } }],
    ['ceilings', { ceilings: { memory: 1 } }],
    ['images.0', { images: [''] }],
    ['images', { images: '*' }],
    ['networks.0', { networks: ['host'] }],
  ] as const)('must make sense: %s', ([name, wrong]) => {
    const store = createSqliteStore({ path: ':memory:' })
    const options = { store, blobs: createDiskBlobs({ directory: '/nowhere' }), ...wrong }

    expect(() => createServer(options as never)).toThrow(TypeError)
    expect(() => createServer(options as never)).toThrow(`the option ${name}: `)
  })
})
