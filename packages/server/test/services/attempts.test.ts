import { createExecutionId, createRunnerId, specSchema, type Retries } from '@rgrid/protocol'
import { randomUUID } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { completeAttempt } from '../../src/services/attempts.js'
import { controlTopic, queueTopic } from '../../src/signals.js'
import { createOffer, createSpec } from '../server-fixture.js'
import { createTestContext } from '../test-context.js'

/** Ends an attempt with exit code 1, and gives what was notified now and for later. */
async function failOnce(retries: Retries) {
  const context = createTestContext()
  const { executions, runners } = context.store
  const base = { project: 'p', pool: context.pool }
  const id = createExecutionId()
  const { files: _files, ...spec } = specSchema.parse(createSpec({ retries }))
  await executions.submit({ ...base, id, spec, specHash: 'h', files: [], inline: [] })
  const runnerId = createRunnerId()
  const said = { name: 'r', slots: 1, offers: [createOffer()], micronsPerHour: 0, environments: [] }
  await runners.register({ ...base, id: runnerId, ...said })
  const order = { ...base, runnerId, claimId: randomUUID(), max: 1, leaseMs: 10_000 }
  const [claim] = await executions.claim({ ...order, executors: ['process'] })
  const fence = { project: 'p', executionId: id, attempt: 1, leaseToken: claim?.leaseToken ?? '' }
  await executions.start(fence)
  const now = vi.spyOn(context.signals, 'notify')
  const later = vi.spyOn(context.signals, 'notifyLater')

  await completeAttempt(context, fence, {
    leaseToken: fence.leaseToken,
    cause: 'exit',
    exitCode: 1,
    signal: null,
    message: null,
    usage: null,
    phases: null,
    environment: null,
    chunks: [],
    outputs: [],
    skipped: [],
    notes: [],
  })
  const queue = queueTopic('p', context.pool)
  return { id, queue, now: now.mock.calls.flat(), later: later.mock.calls }
}

test('runners that wait are woken when the next attempt is due', async () => {
  const { id, queue, now, later } = await failOnce({ exit: 1 })

  expect(now).toEqual([id])
  expect(later).toEqual([[queue, expect.any(Number)]])
  expect(later[0]?.[1]).toBeGreaterThanOrEqual(500)
  expect(later[0]?.[1]).toBeLessThanOrEqual(1_000)
})

test('who holds the lease of an attempt that was the last one hears of its end', async () => {
  const { id, now, later } = await failOnce({})

  expect(now).toEqual([id, controlTopic(id)])
  expect(later).toEqual([])
})
