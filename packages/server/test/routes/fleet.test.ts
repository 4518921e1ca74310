import { createRunnerId, runnerListSchema, runtimeListSchema } from '@rgrid/protocol'
import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createSqliteStore } from '../../src/index.js'
import {
  claimOne,
  createDockerOffer,
  createFixture,
  createOffer,
  createTestRunner,
  grantKey,
  readJson,
  submit,
  type Fixture,
} from '../server-fixture.js'

const POOL = { waiting: 2, starting: 0, hits: 3, misses: 1, waitedMs: 0.5 }
const SLIM = {
  image: 'python:3.12-slim',
  command: ['python3'],
  installer: 'pip',
  extensions: ['.py'],
  programs: ['python3'],
}
const FULL_DISK = '1,203 MiB of disk are free, 2,048 have to stay so'
const FULL = { ...SLIM, image: 'python:3.12' }

const claim = ({ send }: Fixture, runnerId: string, over: object = {}) =>
  send('POST', '/v1/runner/claims', { runnerId, claimId: randomUUID(), max: 1, ...over })

const listRunners = async ({ send }: Fixture) =>
  runnerListSchema.parse(await readJson(await send('GET', '/v1/runners'))).runners

const listRuntimes = async ({ send }: Fixture) =>
  runtimeListSchema.parse(await readJson(await send('GET', '/v1/runtimes'))).runtimes

describe('the list of runners', () => {
  test('has what each said of itself, with its containers', async () => {
    const fixture = await createFixture()
    const offers = [createDockerOffer(), createOffer()]
    const { runnerId } = await createTestRunner(fixture, {}, offers)
    expect(await listRunners(fixture)).toMatchObject([{ pool: null }])

    await claim(fixture, runnerId, { pool: POOL })

    expect(await listRunners(fixture)).toEqual([
      {
        id: runnerId,
        name: 'test',
        slots: 4,
        offers,
        pool: POOL,
        holdsBack: null,
        lastSeenAt: expect.stringMatching(/Z$/) as string,
      },
    ])
  })

  test('tells of containers as they are a moment later', async () => {
    let now = 1_700_000_000_000
    const store = createSqliteStore({ path: ':memory:', now: () => now })
    const fixture = await createFixture({ store })
    const { runnerId } = await createTestRunner(fixture)
    const read = async () => (await listRunners(fixture)).map(({ pool, lastSeenAt }) => [pool, lastSeenAt])
    const at = new Date(now).toISOString()
    await claim(fixture, runnerId, { pool: POOL })

    await claim(fixture, runnerId, { pool: { ...POOL, hits: 4 } })
    expect(await read()).toEqual([[POOL, at]])
    now += 1_001
    await claim(fixture, runnerId, { pool: { ...POOL, hits: 5 } })

    expect(await read()).toEqual([[{ ...POOL, hits: 5 }, new Date(now).toISOString()]])
  })

  test('says why a runner claims nothing, until it claims again', async () => {
    const fixture = await createFixture()
    const { runnerId } = await createTestRunner(fixture)
    const read = async () => (await listRunners(fixture)).map(({ holdsBack }) => holdsBack)

    await claim(fixture, runnerId, { holdsBack: FULL_DISK, waitMs: 10_000 })
    const held = await read()
    await claim(fixture, runnerId)

    expect([held, await read()]).toEqual([[FULL_DISK], [null]])
  })

  test('still says so while a runner that holds back renews', async () => {
    let now = 1_700_000_000_000
    const fixture = await createFixture({ store: createSqliteStore({ path: ':memory:', now: () => now }) })
    const runner = await createTestRunner(fixture)
    await submit(fixture)
    const work = await claimOne(runner)
    await claim(fixture, runner.runnerId, { holdsBack: FULL_DISK })

    now += 6_000
    await runner.report(work, 'renew')

    const lastSeenAt = new Date(now).toISOString()
    expect(await listRunners(fixture)).toMatchObject([{ holdsBack: FULL_DISK, lastSeenAt }])
  })

  test('has none that is gone for half a minute, of another project or of another pool', async () => {
    let now = 1_700_000_000_000
    const store = createSqliteStore({ path: ':memory:', now: () => now })
    const fixture = await createFixture({ store })
    await createTestRunner(fixture, { key: grantKey(fixture.server, ['runner'], 'other') })
    await createTestRunner(await createFixture({ store, pool: 'gpu' }))
    expect(await listRunners(fixture)).toEqual([])
    expect(await listRuntimes(fixture)).toEqual([])
    const { runnerId } = await createTestRunner(fixture)

    now += 30_000
    expect(await listRunners(fixture)).toHaveLength(1)
    expect(await listRuntimes(fixture)).toHaveLength(2)
    now += 1
    expect(await listRunners(fixture)).toEqual([])
    expect(await listRuntimes(fixture)).toEqual([])
    await claim(fixture, runnerId)
    expect(await listRunners(fixture)).toHaveLength(1)
  })

  test.for([
    ['a count below 0', { ...POOL, hits: -1 }],
    ['half a container', { ...POOL, waiting: 0.5 }],
    ['an unknown field', { ...POOL, lost: 1 }],
  ] as const)('takes no stats with %s', async ([, pool]) => {
    const fixture = await createFixture()
    const { runnerId } = await createTestRunner(fixture)

    expect((await claim(fixture, runnerId, { pool })).status).toBe(400)
    expect(await listRunners(fixture)).toMatchObject([{ pool: null }])
  })
})

describe('the list of runtimes', () => {
  test('has one entry for all runners that start a runtime in the same way', async () => {
    const fixture = await createFixture()
    const offer = (detail: typeof SLIM) =>
      createDockerOffer({ runtimes: ['node', 'python'], details: { python: detail } })
    await createTestRunner(fixture, {}, [offer(SLIM)])
    await createTestRunner(fixture, {}, [offer(SLIM), offer(SLIM), createOffer()])
    await createTestRunner(fixture, {}, [offer(FULL)])

    const nothing = { image: null, command: [], installer: null, extensions: [], programs: [] }
    const found = await listRuntimes(fixture)

    expect(found).toHaveLength(4)
    expect(found).toEqual(
      expect.arrayContaining([
        { runtime: 'python', executor: 'docker', ...SLIM, runners: 2 },
        { runtime: 'python', executor: 'docker', ...FULL, runners: 1 },
        { runtime: 'python', executor: 'process', ...nothing, runners: 1 },
        { runtime: 'node', executor: 'docker', ...nothing, runners: 3 },
      ]),
    )
    expect(found.map(({ runtime, executor }) => `${runtime} ${executor}`)).toEqual([
      'python docker',
      'python docker',
      'python process',
      'node docker',
    ])
  })

  test('has those that runners have of their own behind the known ones, by name', async () => {
    const fixture = await createFixture()
    const runtimes = ['ruby3.10', 'constructor', 'bash', 'ruby3.9', 'python']
    await createTestRunner(fixture, {}, [createDockerOffer({ runtimes })])

    const found = await listRuntimes(fixture)

    expect(found.map(({ runtime }) => runtime)).toEqual([
      ...['python', 'bash', 'constructor', 'ruby3.9', 'ruby3.10'],
    ])
    expect(found.find(({ runtime }) => runtime === 'constructor')).toMatchObject({ image: null, command: [] })
  })

  test('takes a runner that does not say what chooses its runtimes', async () => {
    const fixture = await createFixture()
    const { image, command, installer } = SLIM
    const offer = {
      executor: 'docker',
      runtimes: ['python'],
      details: { python: { image, command, installer } },
    }
    const body = { runnerId: createRunnerId(), name: 'old', slots: 1, offers: [offer] }

    expect((await fixture.send('POST', '/v1/runner/register', body)).status).toBe(200)

    expect(await listRuntimes(fixture)).toMatchObject([{ image, extensions: [], programs: [] }])
  })

  test('is shown to those who submit, as they have to choose', async () => {
    const fixture = await createFixture()
    const ask = async (scope: 'submit' | 'runner') =>
      (await fixture.send('GET', '/v1/runtimes', undefined, { key: grantKey(fixture.server, [scope]) }))
        .status

    expect([await ask('submit'), await ask('runner')]).toEqual([200, 403])
  })

  test('has nothing of executors that the server does not allow', async () => {
    const store = createSqliteStore({ path: ':memory:' })
    await createTestRunner(await createFixture({ store }), {}, [createDockerOffer(), createOffer()])
    const strict = await createFixture({ store, allowProcess: false })

    expect((await listRuntimes(strict)).map(({ executor }) => executor)).toEqual(['docker'])
    expect((await listRunners(strict)).map(({ offers }) => offers)).toEqual([[createDockerOffer()]])
  })
})

describe('a registration', () => {
  test.for([
    ['a network that is not known', { networks: ['host'] }],
    ['a network of another container', { networks: ['container:x'] }],
    ['no cpus', { resources: { cpus: 0, memoryMib: 64, pids: 1, diskMib: 1 } }],
    ['half of its resources', { resources: { cpus: 1 } }],
    ['an empty pattern', { images: [''] }],
    ['a name that is none', { runtimes: ['Ruby'] }],
    ['details of no runtime', { details: { 'a b': SLIM } }],
    ['an extension that is none', { details: { python: { ...SLIM, extensions: ['py'] } } }],
    ['an unknown field', { user: 'root' }],
  ] as const)('is refused with %s', async ([, over]) => {
    const fixture = await createFixture()
    const offers = [{ executor: 'docker', runtimes: ['python'], ...over }]

    const body = { runnerId: createRunnerId(), name: 'bad', slots: 1, offers }
    const response = await fixture.send('POST', '/v1/runner/register', body)

    expect(response.status).toBe(400)
    expect(await listRunners(fixture)).toEqual([])
  })
})
