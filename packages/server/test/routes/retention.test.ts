import { createExecutionId } from '@rgrid/protocol'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createDiskBlobs, createSqliteStore } from '../../src/index.js'
import {
  claimOne,
  createFixture,
  createTempDir,
  createTestRunner,
  getExecution,
  grantKey,
  inlineFile,
  logChunk,
  readJson,
  submit,
  SUCCESS,
  type Fixture,
} from '../server-fixture.js'

const DAY_MS = 24 * 3_600_000

/** A server whose time a test lets pass, and an execution that has ended with two files. */
async function arrange() {
  let time = Date.now()
  const store = createSqliteStore({ path: ':memory:', now: () => time })
  const blobs = createDiskBlobs({ directory: join(await createTempDir(), 'blobs') })
  const fixture = await createFixture({ store, blobs })
  const id = await finish(fixture)
  const expire = async (): Promise<void> => {
    time += 31 * DAY_MS
    await store.retention.expire('outputs', 30 * DAY_MS)
    await store.retention.expire('logs', 30 * DAY_MS)
    while (await store.retention.drain());
  }
  return { ...fixture, fixture, id, expire }
}

async function finish(fixture: Fixture): Promise<string> {
  const id = await submit(fixture)
  const runner = await createTestRunner(fixture)
  const claim = await claimOne(runner)
  await runner.report(claim, 'started')
  const outputs = [inlineFile('out/a.txt', 'a'), inlineFile('b.txt', 'b')]
  const ended = await runner.report(claim, 'complete', {
    ...SUCCESS,
    chunks: [logChunk(1, 'hello')],
    outputs,
    skipped: [],
  })
  expect(ended.status).toBe(200)
  return id
}

describe('what has expired', () => {
  test('is answered with 410 and says when, and which setting decides', async () => {
    const { send, id, expire } = await arrange()
    await expire()

    for (const [path, setting] of [
      ['artifacts/out/a.txt', 'outputsDays'],
      ['artifacts/hello.py?kind=input', 'outputsDays'],
      ['logs', 'logsDays'],
    ]) {
      const response = await send('GET', `/v1/executions/${id}/${path}`)
      const { code, detail } = await readJson<{ code: string; detail: string }>(response)
      expect([response.status, code]).toEqual([410, 'expired'])
      expect(detail).toMatch(/ expired at 20\d\d-.*for 30 days \(retention\.\w+\); run it again/)
      expect(detail).toContain(`retention.${setting}`)
    }
  })

  test('shows in the record, in lists, and in the end event', async () => {
    const { fixture, send, id, expire } = await arrange()
    expect(JSON.stringify(await getExecution(fixture, id))).not.toContain('expiredAt')
    await expire()

    const record = await getExecution(fixture, id)
    expect(record.logs.expiredAt).toMatch(/^20\d\d-/)
    expect(record.artifacts).toEqual([
      expect.objectContaining({ path: 'b.txt', expiredAt: record.logs.expiredAt }),
      expect.objectContaining({ path: 'out/a.txt', expiredAt: record.logs.expiredAt }),
    ])
    const page = await readJson<{ executions: (typeof record)[] }>(await send('GET', '/v1/executions'))
    expect(page.executions[0]?.logs).toEqual(record.logs)
    const events = await (await send('GET', `/v1/executions/${id}/events`)).text()
    expect(events).toMatch(/^event: end\n/)
    expect(events).toContain('"expiredAt"')
  })
})

describe('deleting', () => {
  test('an execution takes its log and files along, and frees what only it had', async () => {
    const { send, id } = await arrange()

    expect((await send('DELETE', `/v1/executions/${id}`)).status).toBe(200)

    for (const path of ['', '/logs', '/events', '/artifacts', '/artifacts/b.txt'])
      expect((await send('GET', `/v1/executions/${id}${path}`)).status).toBe(404)
    expect((await send('DELETE', `/v1/executions/${id}`)).status).toBe(404)
  })

  test('an output leaves its name and the rest, and says when it went', async () => {
    const { fixture, send, id } = await arrange()

    for (const _ of [1, 2])
      expect((await send('DELETE', `/v1/executions/${id}/artifacts/out/a.txt`)).status).toBe(200)

    const gone = await send('GET', `/v1/executions/${id}/artifacts/out/a.txt`)
    expect(gone.status).toBe(410)
    const { code, detail } = await readJson<{ code: string; detail: string }>(gone)
    expect(code).toBe('expired')
    expect(detail).toMatch(/ was deleted at 20/)
    expect(await (await send('GET', `/v1/executions/${id}/artifacts/b.txt`)).text()).toBe('b')
    expect(await (await send('GET', `/v1/executions/${id}/logs`)).text()).toBe('hello')
    const { artifacts } = await getExecution(fixture, id)
    expect(artifacts.map(({ path, deletedAt }) => [path, deletedAt !== undefined])).toEqual([
      ['b.txt', false],
      ['out/a.txt', true],
    ])
  })

  test('what has not ended is refused, and changes nothing', async () => {
    const { fixture, send } = await arrange()
    const id = await submit(fixture)

    for (const path of ['', '/artifacts/hello.py']) {
      const response = await send('DELETE', `/v1/executions/${id}${path}`)
      expect(response.status).toBe(409)
      expect(await readJson(response)).toMatchObject({ code: 'not_finished' })
    }

    expect(await getExecution(fixture, id)).toMatchObject({ status: 'queued' })
  })

  test('what is not there, not an output or of another project is not found', async () => {
    const { server, send, id } = await arrange()
    const key = grantKey(server, ['admin', 'read'], 'other')

    for (const [path, init] of [
      [`${createExecutionId()}`, {}],
      [`${id}/artifacts/c.txt`, {}],
      [`${id}/artifacts/hello.py`, {}],
      [id, { key }],
      [`${id}/artifacts/b.txt`, { key }],
    ] as const)
      expect((await send('DELETE', `/v1/executions/${path}`, undefined, init)).status).toBe(404)

    expect((await send('GET', `/v1/executions/${id}/artifacts/b.txt`)).status).toBe(200)
  })
})

describe('the option retention', () => {
  test.for([
    [{ outputsDays: 0 }, 'retention.outputsDays'],
    [{ logsDays: -1 }, 'retention.logsDays'],
    [{ executionsDays: 'never' }, 'retention.executionsDays'],
    [{ days: 1 }, 'retention'],
  ] as const)('%o is refused', async ([retention, path]) => {
    // @ts-expect-error callers without types
    await expect(createFixture({ retention })).rejects.toThrow(`the option ${path}: `)
  })
})
