import { createBatchId, createExecutionId, createRunnerId, specSchema } from '@rgrid/protocol'
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { createSqliteStore, type Store } from '../../src/index.js'
import type { NewItem, StoredBatch } from '../../src/store/batch-store.js'
import { createOffer, createSpec, sha256 } from '../server-fixture.js'

const LANE = 'lane'
const COMPLETION = {
  ...({ cause: 'exit', signal: null, message: null, usage: null, phases: null, environment: null } as const),
  ...{ chunks: [], outputs: [], inline: [], skipped: [], notes: [] },
}

async function openBatch(store: Store, project: string): Promise<StoredBatch> {
  const id = createBatchId()
  await store.batches.open(project, id, {
    ...{ lane: LANE, parallel: null, failFast: false, rerun: 'failed', labels: {} },
  })
  const batch = await store.batches.find(project, id)
  if (batch === undefined) throw new Error('the batch is not there')
  return batch
}

/** An item whose fingerprint is the same in all projects, as it is where a salt has failed. */
function createItem(project: string): NewItem {
  const { files: _files, ...spec } = specSchema.parse(createSpec())
  const file = { path: 'hello.py', sha256: sha256('x'), size: 1, executable: false }
  return {
    index: 0,
    name: 'item',
    reusable: undefined,
    submission: {
      ...{ id: createExecutionId(), project, pool: 'default', spec, specHash: 'h', files: [file] },
      inline: [{ sha256: sha256('x'), data: Buffer.from('x') }],
      batch: { lane: LANE, fingerprint: 'same' },
    },
  }
}

async function addOne(store: Store, project: string) {
  const batch = await openBatch(store, project)
  const [added] = await store.batches.add(project, batch, [createItem(project)])
  return { batch, outcome: added?.outcome, executionId: added?.executionId ?? '' }
}

async function claimAll(store: Store, project: string) {
  const runnerId = createRunnerId()
  const said = { name: 'test', slots: 4, offers: [createOffer()], micronsPerHour: 0, environments: [] }
  await store.runners.register({ id: runnerId, project, pool: 'default', ...said })
  return store.executions.claim({
    ...{ project, pool: 'default', runnerId, claimId: randomUUID(), max: 10, leaseMs: 60_000 },
    executors: ['process'],
  })
}

async function runAll(store: Store, project: string, exitCode: number): Promise<void> {
  for (const claim of await claimAll(store, project)) {
    const fence = { ...claim, project }
    await store.executions.start(fence)
    const status = exitCode === 0 ? 'completed' : 'failed'
    await store.executions.complete(fence, { ...COMPLETION, status, exitCode })
  }
}

test('what another project runs or ran stands for nothing', async () => {
  const store = createSqliteStore({ path: ':memory:' })
  await addOne(store, 'other')
  const beside = await addOne(store, 'mine')
  await runAll(store, 'other', 0)

  expect(beside.outcome).toBe('new')
  expect(await store.batches.findCandidates('mine', ['same'], 'failed')).toEqual([])
  expect(await store.batches.findCandidates('other', ['same'], 'failed')).toHaveLength(1)
})

test('what another project runs takes no room in a lane of the same name', async () => {
  const store = createSqliteStore({ path: ':memory:' })
  for (const project of ['other', 'mine']) {
    const { batch } = await addOne(store, project)
    await store.batches.open(project, createBatchId(), { ...batch, parallel: 1 })
  }
  const others = await claimAll(store, 'other')

  expect([others.length, (await claimAll(store, 'mine')).length]).toEqual([1, 1])
})

test('an item is started again only in the place of the execution that failed for it', async () => {
  const store = createSqliteStore({ path: ':memory:' })
  const { batch, executionId } = await addOne(store, 'mine')
  await runAll(store, 'mine', 1)
  const { submission } = createItem('mine')
  const retry = (failedId: string) =>
    store.batches.retry('mine', batch.id, [{ index: 0, failedId, submission }])
  const foreign = store.batches.retry('other', batch.id, [{ index: 0, failedId: executionId, submission }])

  await expect(foreign).rejects.toMatchObject({ code: 'not_found' })
  expect([await retry(createExecutionId()), await retry(executionId)]).toEqual([0, 1])
})
