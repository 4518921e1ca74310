import BetterSqlite3 from 'better-sqlite3'
import { createExecutionId } from '@rgrid/protocol'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createSqliteStore } from '../../src/index.js'
import {
  claimOne,
  createFixture,
  createSpec,
  createTempDir,
  createTestRunner,
  getExecution,
  grantKey,
  inlineFile,
  readJson,
  submit,
  SUCCESS,
  type Fixture,
} from '../server-fixture.js'

const SPEC = createSpec({
  args: ['a', 'b'],
  env: { SECRET: 's' },
  labels: { team: 'data' },
  priority: 7,
  files: [inlineFile('hello.py', 'print("hello")\n'), inlineFile('data/in.csv', '1,2')],
})

/** An execution that has failed. */
async function arrange(fixture: Fixture) {
  const runner = await createTestRunner(fixture)
  const id = await submit(fixture, SPEC)
  const first = await claimOne(runner)
  await runner.report(first, 'started')
  await runner.report(first, 'complete', { ...SUCCESS, exitCode: 1 })
  const retry = (newId: string, of = id) => fixture.send('POST', `/v1/executions/${of}/retry`, { id: newId })
  return { fixture, runner, id, first, retry }
}

describe('running an execution again', () => {
  test('makes a new one of the same spec with the same files, and says of what', async () => {
    const { fixture, runner, id, first, retry } = await arrange(await createFixture())
    const newId = createExecutionId()

    const answer = await retry(newId)

    expect(answer.status).toBe(201)
    expect(await readJson(answer)).toMatchObject({
      id: newId,
      status: 'queued',
      retryOf: id,
      labels: { team: 'data' },
      priority: 7,
      attempt: 0,
    })
    expect(await getExecution(fixture, id)).toMatchObject({ status: 'failed', retryOf: null })
    const again = await claimOne(runner)
    expect(again.executionId).toBe(newId)
    expect(again.spec).toEqual(first.spec)
  })

  test('leaves the key to the first one', async () => {
    const fixture = await createFixture()
    const { runner } = await arrange(fixture)
    const id = await submit(fixture, createSpec({ key: 'nightly' }))
    const claim = await claimOne(runner)
    await runner.report(claim, 'started')
    await runner.report(claim, 'complete', SUCCESS)

    const answer = await fixture.send('POST', `/v1/executions/${id}/retry`, { id: createExecutionId() })

    expect(answer.status).toBe(201)
    expect((await claimOne(runner)).spec).not.toHaveProperty('key')
  })

  test('is done once, however often it is asked for', async () => {
    const { runner, retry } = await arrange(await createFixture())
    const newId = createExecutionId()

    const statuses = [(await retry(newId)).status, (await retry(newId)).status]

    expect(statuses).toEqual([201, 200])
    expect(await runner.claim(8)).toHaveLength(1)
  })

  test('streams its events where they are wanted', async () => {
    const { fixture, id } = await arrange(await createFixture())
    const newId = createExecutionId()
    const headers = { accept: 'text/event-stream' }
    const answer = await fixture.send('POST', `/v1/executions/${id}/retry`, { id: newId }, { headers })
    await fixture.send('POST', `/v1/executions/${newId}/cancel`)

    expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/)
    expect(await answer.text()).toContain('event: end')
  })

  test.for(['queued', 'claimed'])('is refused while it is %s', async (status) => {
    const { fixture, runner, retry } = await arrange(await createFixture())
    const id = await submit(fixture, SPEC)
    if (status === 'claimed') await claimOne(runner)

    const answer = await retry(createExecutionId(), id)

    expect(answer.status).toBe(409)
    expect(await readJson(answer)).toMatchObject({
      code: 'not_finished',
      detail: expect.stringContaining(`it is ${status}`) as string,
    })
  })

  test('under an id that is taken is a conflict, also by the same script', async () => {
    const { fixture, id, retry } = await arrange(await createFixture())
    const twin = await submit(fixture, SPEC)

    for (const taken of [id, twin]) expect((await retry(taken)).status).toBe(409)
  })

  test('is for the own project and its own ids only', async () => {
    const { fixture, id, retry } = await arrange(await createFixture())
    const key = grantKey(fixture.server, ['submit'], 'other')
    const body = { id: createExecutionId() }

    expect((await fixture.send('POST', `/v1/executions/${id}/retry`, body, { key })).status).toBe(404)
    expect((await retry('exec_1')).status).toBe(400)
  })

  test('names a file that is gone, and makes nothing', async () => {
    const path = join(await createTempDir(), 'store.sqlite')
    const store = createSqliteStore({ path })
    const { fixture, id, retry } = await arrange(await createFixture({ store }))
    const file = new BetterSqlite3(path)
    onTestFinished(() => void file.close())
    file.prepare('DELETE FROM blobs WHERE size = 3').run()
    const newId = createExecutionId()

    const answer = await retry(newId)

    expect(answer.status).toBe(409)
    expect(await readJson(answer)).toMatchObject({
      code: 'missing_blobs',
      detail: expect.stringContaining(`the file "data/in.csv" of ${id} is not kept here any more`) as string,
    })
    expect((await fixture.send('GET', `/v1/executions/${newId}`)).status).toBe(404)
  })
})
