import { createExecutionId, createRunnerId, specSchema, type SpecInput } from '@rgrid/protocol'
import BetterSqlite3 from 'better-sqlite3'
import { Kysely } from 'kysely'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createSqliteStore, type Store } from '../../src/index.js'
import { createDialect } from '../../src/store/sqlite/dialect.js'
import type { Database } from '../../src/store/sqlite/schema.js'
import { claimExecutions } from '../../src/store/sqlite/sqlite-claim.js'
import { createOffer, createSpec, createTempDir } from '../server-fixture.js'

const POOL = 'default'

async function openStore(path = ':memory:'): Promise<Store> {
  const store = createSqliteStore({ path })
  onTestFinished(() => store.close())
  return store
}

async function submit(store: Store, over: Partial<SpecInput> = {}, project = 'p'): Promise<string> {
  const id = createExecutionId()
  const { files: _files, ...spec } = specSchema.parse(createSpec(over))
  await store.executions.submit({ id, project, pool: POOL, spec, specHash: 'h', files: [], inline: [] })
  return id
}

async function createOrder(store: Store, project = 'p') {
  const id = createRunnerId()
  const said = { name: 'r', slots: 1, offers: [createOffer()], micronsPerHour: 0, environments: [] }
  await store.runners.register({ id, project, pool: POOL, ...said })
  const executors = ['process'] as const
  return { project, pool: POOL, runnerId: id, claimId: randomUUID(), max: 1, leaseMs: 10_000, executors }
}

test('what has the higher priority is claimed first, and of equals the oldest', async () => {
  const store = await openStore()
  const priorities = [undefined, -100, 5, 0, 100, 5]
  const ids: string[] = []
  for (const priority of priorities) ids.push(await submit(store, priority === undefined ? {} : { priority }))

  const claims = await store.executions.claim({ ...(await createOrder(store)), max: 10 })

  expect(claims.map(({ executionId }) => ids.indexOf(executionId))).toEqual([4, 2, 5, 0, 3, 1])
})

test('a project that has 10,000 waiting at the highest priority does not hold up one that has one', async () => {
  const path = join(await createTempDir(), 'store.sqlite')
  const store = await openStore(path)
  await submit(store, { priority: 100 }, 'busy')
  const file = new BetterSqlite3(path)
  onTestFinished(() => void file.close())
  file.exec(`INSERT INTO executions (id, project, pool, status, runtime, spec, spec_hash, created_at, priority)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
    SELECT printf('exec_%032x', i), project, pool, status, runtime, spec, spec_hash, created_at, priority
    FROM executions, n`)
  const id = await submit(store, { priority: -100 }, 'quiet')

  expect(await store.executions.claim(await createOrder(store, 'quiet'))).toMatchObject([{ executionId: id }])
  expect(await store.executions.claim(await createOrder(store, 'quiet'))).toEqual([])
})

// However long the queue is, or the one of another project: nothing of it is read but what comes first.
test('a claim finds its place in the queue by an index alone, and sorts nothing', async () => {
  const path = join(await createTempDir(), 'store.sqlite')
  const store = await openStore(path)
  await submit(store)
  const order = await createOrder(store)
  const file = new BetterSqlite3(path)
  const asked: { sql: string; parameters: readonly unknown[] }[] = []
  const db = new Kysely<Database>({
    dialect: createDialect(() => Promise.resolve(file)),
    log: ({ query }) => void asked.push(query),
  })
  onTestFinished(() => db.destroy())

  await claimExecutions(db, Date.now, order)

  const explain = (part: RegExp): string[] =>
    asked
      .filter(({ sql }) => part.test(sql))
      .flatMap(({ sql, parameters }) => file.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parameters))
      .map((step) => (step as { detail: string }).detail)
  expect(explain(/order by "priority" desc/)).toEqual([
    'SEARCH executions USING COVERING INDEX executions_queue (project=? AND pool=?)',
  ])
  const put = 'executions_put_off (project=? AND pool=? AND not_before<?)'
  expect(explain(/set "not_before" = \?/)).toEqual([`SEARCH executions USING COVERING INDEX ${put}`])
})
