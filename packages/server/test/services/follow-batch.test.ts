import { createBatchId, createExecutionId, specSchema } from '@rgrid/protocol'
import { expect, test } from 'vitest'
import { followBatch } from '../../src/services/follow-batch.js'
import { submitExecution } from '../../src/services/submit-execution.js'
import type { FinishedItem } from '../../src/store/batch-store.js'
import { createSpec } from '../server-fixture.js'
import { createTestContext } from '../test-context.js'

test('an item that ends between two reads comes before the end', async () => {
  const context = createTestContext()
  const [id, executionId] = [createBatchId(), createExecutionId()]
  await submitExecution(context, 'p', executionId, specSchema.parse(createSpec()))
  await context.store.batches.open('p', id, {
    ...{ lane: 'lane', parallel: null, failFast: false, rerun: 'failed', labels: {} },
  })
  await context.store.batches.seal('p', id)
  const late: FinishedItem = { index: 7, name: 'late', executionId, outcome: 'new', seq: 1 }
  const reads = [[], [late]]
  const batches = { ...context.store.batches, listFinished: async () => reads.shift() ?? [] }
  const reader = followBatch({ ...context, store: { ...context.store, batches } }, 'p', id, 0).getReader()
  const next = async (): Promise<string> => Buffer.from((await reader.read()).value ?? []).toString()

  expect(await next()).toMatch(/^event: item\nid: 1\n/)
})
