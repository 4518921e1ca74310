import { createRunnerId } from '@rgrid/protocol'
import { describe, expect, test } from 'vitest'
import {
  claimOne,
  createFixture,
  createTestRunner,
  getExecution,
  logChunk,
  readJson,
  submit,
  SUCCESS,
} from '../server-fixture.js'

const NEXT = 'f'.repeat(32)

async function arrange() {
  const fixture = await createFixture()
  const killed = await createTestRunner(fixture)
  const id = await submit(fixture)
  const claim = await claimOne(killed)
  const { runnerId, report } = await createTestRunner(fixture)
  const adopt = (over: object = {}) => report(claim, 'adopt', { runnerId, nextLeaseToken: NEXT, ...over })
  return { fixture, killed, id, claim, adopt, report }
}

describe('a script of a killed runner', () => {
  test('is another one’s, which learns where its log goes on', async () => {
    const { fixture, killed, id, claim, adopt, report } = await arrange()
    await killed.report(claim, 'started')
    await killed.report(claim, 'logs', { chunks: [logChunk(1, 'one'), logChunk(2, 'two', 'stderr')] })

    const answer = await readJson(await adopt())
    const heir = { ...claim, leaseToken: NEXT }
    await report(heir, 'complete', { ...SUCCESS, chunks: [{ ...logChunk(3, ''), gapBytes: null }] })

    expect(answer).toEqual({ cancelRequested: false, lastSeq: 2, storedBytes: 6 })
    expect(await getExecution(fixture, id)).toMatchObject({ status: 'completed', attempt: 1 })
  })

  test('takes nothing any more of what is on its way from the one that was killed', async () => {
    const { killed, claim, adopt } = await arrange()
    await killed.report(claim, 'started')
    await adopt()

    const late = await killed.report(claim, 'logs', { chunks: [logChunk(1, 'late')] })

    expect(late.status).toBe(409)
    expect(await readJson(late)).toMatchObject({ code: 'lease_lost' })
  })

  test('is given again when the answer was lost, and to nobody else', async () => {
    const { killed, claim, adopt } = await arrange()
    await killed.report(claim, 'started')

    const answers = [await adopt(), await adopt(), await adopt({ nextLeaseToken: 'e'.repeat(32) })]

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 409])
  })

  test('tells that a cancel was requested', async () => {
    const { fixture, killed, id, claim, adopt } = await arrange()
    await killed.report(claim, 'started')
    await fixture.send('POST', `/v1/executions/${id}/cancel`)

    expect(await readJson(await adopt())).toMatchObject({ cancelRequested: true })
  })

  test.for([
    ['has not started', []],
    ['has ended', ['started', 'complete']],
  ] as const)('is not to be had when it %s', async ([, steps]) => {
    const { killed, claim, adopt } = await arrange()
    for (const step of steps) await killed.report(claim, step, step === 'complete' ? SUCCESS : {})

    expect(await readJson(await adopt())).toMatchObject({ status: 409, code: 'lease_lost' })
  })

  test('is not given to a runner that has not registered', async () => {
    const { killed, claim, adopt } = await arrange()
    await killed.report(claim, 'started')

    const answer = await readJson(await adopt({ runnerId: createRunnerId() }))

    expect(answer).toMatchObject({ status: 409, code: 'runner_unknown' })
  })
})
