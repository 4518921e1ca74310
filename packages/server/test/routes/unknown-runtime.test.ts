import { createExecutionId, type SpecInput } from '@rgrid/protocol'
import { describe, expect, test } from 'vitest'
import { createSqliteStore } from '../../src/index.js'
import {
  createFixture,
  createOffer,
  createSpec,
  createTestRunner,
  getExecution,
  readJson,
  type Fixture,
} from '../server-fixture.js'

const MONTH_MS = 30 * 24 * 3_600_000

const put = ({ send }: Fixture, runtime: SpecInput['runtime'], id = createExecutionId()) =>
  send('PUT', `/v1/executions/${id}`, createSpec({ runtime }))

/** A server whose clock stands still until it is told to go on, with a runner that has Ruby. */
async function createRubyFixture() {
  const clock = { now: 1_700_000_000_000 }
  const store = createSqliteStore({ path: ':memory:', now: () => clock.now })
  const fixture = await createFixture({ store })
  const runner = await createTestRunner(fixture, {}, [createOffer({ runtimes: ['python', 'ruby3.3'] })])
  return { ...fixture, clock, runner }
}

describe('a runtime that nobody knows is refused', () => {
  test.for([
    ['pyton', 'did you mean "python"?'],
    ['ruby3.2', 'did you mean "ruby3.3"?'],
    ['rubby', 'choose one of python, ruby3.3 (see "rgrid runtimes")'],
    ['cobol', 'choose one of python, ruby3.3 (see "rgrid runtimes")'],
    ['constructor', 'choose one of python, ruby3.3 (see "rgrid runtimes")'],
  ] as const)('%s: %s', async ([runtime, advice]) => {
    const fixture = await createRubyFixture()

    const response = await put(fixture, runtime)

    const message = `no runner has the runtime "${runtime}": ${advice}`
    expect(response.status).toBe(400)
    expect(await readJson(response)).toMatchObject({
      code: 'unknown_runtime',
      detail: `runtime: ${message}`,
      issues: [{ path: 'runtime', message }],
    })
    expect(await readJson(await fixture.send('GET', '/v1/executions'))).toMatchObject({ executions: [] })
  })

  test('with what every RGrid knows, where no runner is there', async () => {
    const fixture = await createFixture()

    expect((await readJson(await put(fixture, 'noed')))['detail']).toMatch(/did you mean "node"\?$/)
    expect((await readJson(await put(fixture, 'cobol')))['detail']).toMatch(/choose one of python, .* bash/)
  })
})

describe('a runtime is waited for', () => {
  test('that is known, though no runner has it', async () => {
    expect((await put(await createRubyFixture(), 'node24')).status).toBe(201)
  })

  test('that a runner had within the last month', async () => {
    const fixture = await createRubyFixture()
    const id = createExecutionId()

    fixture.clock.now += MONTH_MS
    expect((await put(fixture, 'ruby3.3', id)).status).toBe(201)
    await createTestRunner(fixture, {}, [createOffer()])
    expect(await getExecution(fixture, id)).toMatchObject({
      status: 'queued',
      message: 'no connected runner offers ruby3.3: there are python',
    })

    fixture.clock.now += 1
    expect((await put(fixture, 'ruby3.3')).status).toBe(400)
    expect((await put(fixture, 'ruby3.3', id)).status).toBe(200)
  })
})

test('a runtime of a runner gets what is submitted for it', async () => {
  const { runner, ...fixture } = await createRubyFixture()
  const id = createExecutionId()
  await put(fixture, 'ruby3.3', id)

  expect(await runner.claim()).toMatchObject([{ executionId: id, spec: { runtime: 'ruby3.3' } }])
  expect(await getExecution(fixture, id)).toMatchObject({ runtime: 'ruby3.3', status: 'claimed' })
})

test('the description of the API has names of runtimes by their form', async () => {
  const { send } = await createFixture()

  const text = await (await send('GET', '/openapi.json')).text()

  expect(text).toContain('"runtime":{"type":"string","pattern":"^[a-z][a-z0-9._+-]{0,63}$"')
})
