import { createExecutionId, createRunnerId, LIMITS, specSchema } from '@rgrid/protocol'
import BetterSqlite3 from 'better-sqlite3'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createSqliteStore, type Store } from '../../src/index.js'
import type { CacheCall } from '../../src/store/cache-store.js'
import { createOffer, createSpec, createTempDir, sha256 } from '../server-fixture.js'

// The same in all projects, as it is where a salt has failed.
const CALL: CacheCall = { fingerprint: 'same', argsHash: 'a', standIn: undefined, missReason: 'none' }

async function submit(store: Store, project: string, cache: CacheCall = CALL): Promise<string> {
  const { files: _files, ...spec } = specSchema.parse(createSpec())
  const id = createExecutionId()
  const file = { path: 'hello.py', sha256: sha256('x'), size: 1, executable: false }
  await store.executions.submit({
    ...{ id, project, pool: 'default', spec, specHash: 'h', files: [file], cache },
    inline: [{ sha256: sha256('x'), data: Buffer.from('x') }],
  })
  return id
}

/** Submits one and runs it to its end. */
async function complete(store: Store, project: string): Promise<string> {
  const id = await submit(store, project)
  const runnerId = createRunnerId()
  const said = { name: 'test', slots: 4, offers: [createOffer()], micronsPerHour: 0, environments: [] }
  await store.runners.register({ id: runnerId, project, pool: 'default', ...said })
  const [claim] = await store.executions.claim({
    ...{ project, pool: 'default', runnerId, claimId: randomUUID(), max: 1, leaseMs: 60_000 },
    executors: ['process'],
  })
  if (claim === undefined) throw new Error('there was nothing to claim')
  await store.executions.start({ ...claim, project })
  await store.executions.complete(
    { ...claim, project },
    {
      ...{ status: 'completed', cause: 'exit', exitCode: 0, signal: null, message: null, usage: null },
      ...{ phases: null, environment: 'image', chunks: [], outputs: [], inline: [], skipped: [], notes: [] },
    },
  )
  return id
}

const QUERY = { fingerprint: 'same', environments: ['image'], failures: true }

test('what another project ran stands in for nothing, and is told of to nobody', async () => {
  const store = createSqliteStore({ path: ':memory:' })
  const other = await complete(store, 'other')
  const id = await submit(store, 'mine', { ...CALL, fingerprint: 'another', standIn: other })

  expect(await store.cache.listStandIns('mine', QUERY)).toEqual([])
  expect(await store.cache.findTwin('mine', 'same')).toBeUndefined()
  expect(await store.cache.listAlike('mine', 'hello.py', 'a')).toMatchObject([{ executionId: id }])
  expect(await store.cache.listInputs('mine', other)).toEqual([])
  expect(await store.executions.find('mine', id)).toMatchObject({ status: 'queued', cache: { hit: false } })
  expect(await store.cache.listStandIns('other', QUERY)).toMatchObject([{ executionId: other }])
})

test('what loses something between the question and the submit stands in for nothing', async () => {
  const store = createSqliteStore({ path: ':memory:' })
  const first = await complete(store, 'mine')
  await store.retention.remove('mine', first)

  const id = await submit(store, 'mine', { ...CALL, standIn: first, missReason: 'gone meanwhile' })

  expect(await store.executions.find('mine', id)).toMatchObject({
    status: 'queued',
    cache: { hit: false, missReason: 'gone meanwhile' },
  })
})

test('what nobody has to run finds room in a full queue', async () => {
  const path = join(await createTempDir(), 'store.sqlite')
  const store = createSqliteStore({ path })
  const first = await complete(store, 'mine')
  const file = new BetterSqlite3(path)
  onTestFinished(() => void file.close())
  file.prepare('UPDATE queue_lengths SET length = ?').run(LIMITS.queuedPerProject)

  await expect(submit(store, 'mine')).rejects.toMatchObject({ code: 'queue_full' })
  const id = await submit(store, 'mine', { ...CALL, standIn: first })
  expect(await store.executions.find('mine', id)).toMatchObject({ status: 'completed' })
})
