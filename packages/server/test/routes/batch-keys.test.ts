import type { BatchEvent, Claim } from '@rgrid/protocol'
import { followBatch } from '@rgrid/protocol/client'
import { describe, expect, test } from 'vitest'
import { add, addTo, FAILURE, getBatch, item, openBatch, runAll, runOne } from '../batch-fixture.js'
import {
  createFixture,
  createSpec,
  createTestRunner,
  getExecution,
  inlineFile,
  openApi,
  readJson,
  submit,
  type Fixture,
} from '../server-fixture.js'

const keyed = (index: number, key: string, over: object = {}) => item(index, ['same'], { key, ...over })

/** A single execution that is the same as a {@link keyed} item. */
const submitSame = (fixture: Fixture, key: string) => submit(fixture, createSpec({ args: ['same'], key }))

const seal = ({ send }: Fixture, id: string) => send('POST', `/v1/batches/${id}/seal`)

async function readEvents(fixture: Fixture, id: string): Promise<BatchEvent[]> {
  const events: BatchEvent[] = []
  for await (const event of followBatch(openApi(fixture), id)) events.push(event)
  return events
}

describe('for an item with a key stands', () => {
  test('the item of an earlier batch that has it, while it runs and when it has ended', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const addOne = async () => (await add(fixture, await openBatch(fixture), [keyed(0, 'k')]))[0]
    const first = await addOne()
    const during = await addOne()
    await runAll(runner)
    const after = await addOne()

    expect([first?.outcome, during?.outcome, after?.outcome]).toEqual(['new', 'joined', 'reused'])
    expect(new Set([first, during, after].map((one) => one?.executionId)).size).toBe(1)
    expect(await runAll(runner)).toBe(0)
  })

  test('what has it also where that has failed, whatever is to run again', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const [first] = await add(fixture, await openBatch(fixture), [keyed(0, 'k')])
    await runAll(runner, FAILURE)
    const again = await add(fixture, await openBatch(fixture, { rerun: 'failed' }), [keyed(0, 'k')])
    const anew = await add(fixture, await openBatch(fixture, { rerun: 'all' }), [keyed(0, 'k')])

    expect([...again, ...anew]).toEqual(Array(2).fill({ ...first, outcome: 'reused' }))
  })

  test('nothing without a key, however much the same it is', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    await add(fixture, await openBatch(fixture), [item(0, ['same'])])
    const during = await add(fixture, await openBatch(fixture), [keyed(0, 'k')])
    await runAll(runner)
    const after = await add(fixture, await openBatch(fixture), [keyed(0, 'other')])

    expect([...during, ...after].map(({ outcome }) => outcome)).toEqual(['new', 'new'])
  })

  test('a single execution, with whose end it ends', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const single = await submitSame(fixture, 'k')
    const id = await openBatch(fixture)
    const [added] = await add(fixture, id, [keyed(0, 'k')])
    await seal(fixture, id)
    const events = readEvents(fixture, id)
    await runAll(runner)

    expect(added).toEqual({ index: 0, executionId: single, outcome: 'joined' })
    expect((await events).filter(({ type }) => type !== 'progress')).toMatchObject([
      { type: 'item', item: { index: 0, execution: { id: single, status: 'completed' } } },
      { type: 'end', batch: { counts: { total: 1, completed: 1 } } },
    ])
  }, 3_000)

  test('a single execution that is cancelled while it waits, and both of two items with it', async () => {
    const fixture = await createFixture()
    const single = await submitSame(fixture, 'k')
    const id = await openBatch(fixture)
    await add(fixture, id, [keyed(0, 'k'), keyed(1, 'k')])
    await seal(fixture, id)
    const events = readEvents(fixture, id)
    await fixture.send('POST', `/v1/executions/${single}/cancel`)

    expect((await events).flatMap((event) => (event.type === 'item' ? [event.seq] : []))).toEqual([1, 2])
    expect(await getBatch(fixture, id)).toMatchObject({ status: 'finished', counts: { failed: 2 } })
  }, 3_000)

  test('a single execution, whose failure ends a batch that is to end with its first', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    await submitSame(fixture, 'k')
    const id = await openBatch(fixture, { failFast: true })
    const [, waiting] = await add(fixture, id, [keyed(0, 'k'), item(1)])
    const [claim] = await runner.claim()
    await runOne(runner, claim as Claim, FAILURE)

    expect(await getExecution(fixture, waiting?.executionId ?? '')).toMatchObject({ status: 'cancelled' })
  })

  test('its own execution, which a later call with the key finds', async () => {
    const fixture = await createFixture()
    const [added] = await add(fixture, await openBatch(fixture), [keyed(0, 'k')])
    const id = 'exec_019a0000000070008000000000000001'
    const spec = createSpec({ args: ['same'], key: 'k' })
    const answer = await fixture.send('PUT', `/v1/executions/${id}`, spec)

    expect(await readJson(answer)).toMatchObject({ code: 'key_taken', executionId: added?.executionId })
    expect(await getExecution(fixture, added?.executionId ?? '')).toMatchObject({ priority: -1 })
  })

  test('nothing again that was started by request in its place', async () => {
    const fixture = await createFixture()
    const runner = await createTestRunner(fixture)
    const id = await openBatch(fixture)
    await add(fixture, id, [keyed(0, 'k')])
    await runAll(runner, FAILURE)
    const retried = await fixture.send('POST', `/v1/batches/${id}/retry`)
    await runAll(runner)

    expect(await readJson(retried)).toEqual({ retried: 1 })
    expect((await getBatch(fixture, id)).counts).toMatchObject({ completed: 1, failed: 0 })
  })
})

describe('a request is refused, and nothing of it is stored,', () => {
  const OTHER = { files: [inlineFile('own.txt', 'own')] }
  const expectNothing = async (fixture: Fixture, id: string) =>
    expect((await getBatch(fixture, id)).counts.total).toBe(0)

  test('where the key of an item stands for something else', async () => {
    const fixture = await createFixture()
    const single = await submitSame(fixture, 'k')
    const id = await openBatch(fixture)
    const response = await addTo(fixture, id, [item(0), item(1), keyed(2, 'k', OTHER)])
    const answer = await readJson(response)

    expect(response.status).toBe(409)
    expect(answer).toMatchObject({
      code: 'key_conflict',
      executionId: single,
      issues: [{ path: 'items.2.key' }],
    })
    expect(answer['detail']).toMatch(/^items\.2\.key: the key "k" was used for another request/)
    await expectNothing(fixture, id)
  })

  test('where two items of it have one key and are not the same', async () => {
    const fixture = await createFixture()
    const id = await openBatch(fixture)
    const answer = await readJson(await addTo(fixture, id, [keyed(0, 'k'), item(1), keyed(2, 'k', OTHER)]))

    expect(answer).toMatchObject({ code: 'key_conflict', issues: [{ path: 'items.2.key' }] })
    expect(answer['detail']).toMatch(/^items\.2\.key: "k" is the key of items\.0 too/)
    expect(answer).not.toHaveProperty('executionId')
    await expectNothing(fixture, id)
  })

  test.for<[string, string]>([
    ['empty', ''],
    ['over the limit', 'k'.repeat(257)],
  ])('where a key is %s', async ([, key]) => {
    const fixture = await createFixture()
    const id = await openBatch(fixture)

    expect(await readJson(await addTo(fixture, id, [keyed(0, key)]))).toMatchObject({
      code: 'invalid_request',
      issues: [{ path: 'items.0.key' }],
    })
    await expectNothing(fixture, id)
  })

  test('where all items would have one key', async () => {
    const fixture = await createFixture()
    const id = await openBatch(fixture)
    const answer = await readJson(await addTo(fixture, id, [item(0)], createSpec({ key: 'k' })))

    expect(answer['detail']).toMatch(/^spec\.key: names one execution/)
    await expectNothing(fixture, id)
  })
})
