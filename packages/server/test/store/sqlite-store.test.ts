import BetterSqlite3 from 'better-sqlite3'
import { createExecutionId, createRunnerId, LIMITS } from '@rgrid/protocol'
import { Kysely, Migrator, type Migration } from 'kysely'
import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createSqliteStore } from '../../src/index.js'
import { createDialect } from '../../src/store/sqlite/dialect.js'
import { MIGRATIONS } from '../../src/store/sqlite/migrations.js'
import {
  createDockerOffer,
  createFixture,
  createOffer,
  createSpec,
  createTempDir,
  createTestRunner,
  getExecution,
  readJson,
  submit,
} from '../server-fixture.js'
import { runClaimers } from './run-claimers.js'
import { testStore } from './store-contract.js'

testStore('SQLite in memory', () => createSqliteStore({ path: ':memory:' }))
testStore('SQLite in a file', async () =>
  createSqliteStore({ path: join(await createTempDir(), 'a/b/store.sqlite') }),
)

/** A file as the first version left it: one execution that waits, one that has ended, and a runner. */
async function writeFirstVersion(path: string): Promise<{ queued: string; ended: string }> {
  const file = new BetterSqlite3(path)
  const db = new Kysely({ dialect: createDialect(() => Promise.resolve(file)) })
  const migrations = { '0001-first': MIGRATIONS['0001-first'] as Migration }
  await new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } }).migrateToLatest()
  const spec = {
    script: 'a.py',
    args: [],
    env: {},
    runtime: 'python',
    timeoutMs: 1_000,
    labels: {},
    folders: [],
    rewrites: [],
  }
  const add = file.prepare(
    `INSERT INTO executions (id, project, pool, status, runtime, spec, spec_hash, created_at, attempt)
     VALUES (?, 'default', 'default', ?, 'python', ?, 'h', ?, ?)`,
  )
  const [queued, ended] = [createExecutionId(), createExecutionId()]
  add.run(queued, 'queued', JSON.stringify(spec), Date.now(), 0)
  add.run(ended, 'completed', JSON.stringify(spec), Date.now(), 1)
  file
    .prepare(`INSERT INTO runners VALUES (?, 'default', 'default', 'old', 1, ?, 0, ?, ?)`)
    .run(
      createRunnerId(),
      JSON.stringify([{ executor: 'docker', runtimes: ['bash'] }]),
      Date.now(),
      Date.now(),
    )
  await db.destroy()
  return { queued, ended }
}

describe('SQLite', () => {
  test('a file is durable, readable by its owner alone, and guarded by triggers', async () => {
    const path = join(await createTempDir(), 'store.sqlite')
    const store = createSqliteStore({ path })
    await store.keys.find('a')
    await store.close()

    expect((await stat(path)).mode & 0o777).toBe(0o600)
    const file = new BetterSqlite3(path)
    onTestFinished(() => void file.close())
    expect(file.pragma('journal_mode', { simple: true })).toBe('wal')
    const tables = file.prepare(`SELECT name FROM sqlite_master WHERE type = 'trigger'`).pluck().all()
    expect(tables).toContain('executions_terminal')
  })

  test('a finished row is protected from everyone who writes to the file', async () => {
    const path = join(await createTempDir(), 'store.sqlite')
    const fixture = await createFixture({ store: createSqliteStore({ path }) })
    const id = await submit(fixture)
    await fixture.send('POST', `/v1/executions/${id}/cancel`)
    const file = new BetterSqlite3(path)
    onTestFinished(() => void file.close())

    const change = file.prepare(`UPDATE executions SET status = 'queued' WHERE id = ?`)
    expect(() => change.run(id)).toThrow(/never changes/)
  })

  test('a file of a newer version is refused with the way out', async () => {
    const path = join(await createTempDir(), 'store.sqlite')
    const first = createSqliteStore({ path })
    await first.keys.find('a')
    await first.close()
    const file = new BetterSqlite3(path)
    file.prepare(`INSERT INTO kysely_migration VALUES ('9999-future', '2099-01-01')`).run()
    file.close()

    const store = createSqliteStore({ path })
    await expect(store.keys.find('a')).rejects.toThrow(/newer version of RGrid.*update @rgrid\/server/)
  })

  test('a file of the first version is taken over with what waits and what has ended', async () => {
    const path = join(await createTempDir(), 'store.sqlite')
    const ids = await writeFirstVersion(path)

    const fixture = await createFixture({ store: createSqliteStore({ path }) })
    const runner = await createTestRunner(fixture)

    expect(await getExecution(fixture, ids.ended)).toMatchObject({
      status: 'completed',
      phases: null,
      image: null,
      resources: {},
      network: null,
      isolation: 'execution',
    })
    expect(await runner.claim(8)).toMatchObject([{ executionId: ids.queued, project: 'default' }])
    const registered = await readJson<{ runners: { pool: unknown }[] }>(
      await fixture.send('GET', '/v1/runners'),
    )
    expect(registered.runners.map(({ pool }) => pool)).toEqual([null, null])
  })

  test('a claim passes by 10,000 executions that fit nobody much faster than they can be read', async () => {
    const path = join(await createTempDir(), 'store.sqlite')
    const fixture = await createFixture({ store: createSqliteStore({ path }) })
    const runner = await createTestRunner(fixture, {}, [createDockerOffer(), createOffer()])
    const file = new BetterSqlite3(path)
    onTestFinished(() => void file.close())
    await submit(fixture, createSpec({ image: 'evil/x', args: ['x'.repeat(8_000)] }))
    file.exec(`INSERT INTO executions (id, project, pool, status, runtime, image, cpus, spec, spec_hash, created_at)
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
      SELECT printf('exec_%032x', i), project, pool, status, runtime, iif(i % 2, image, NULL), iif(i % 2, NULL, 64),
        spec, spec_hash, created_at FROM executions, n`)
    const fits = await submit(fixture)
    const measure = async (operation: () => unknown): Promise<number> => {
      const began = performance.now()
      await operation()
      return performance.now() - began
    }
    const claims: number[] = []
    const scans: number[] = []

    expect((await runner.claim()).map(({ executionId }) => executionId)).toEqual([fits])
    for (let turn = 0; turn < 5; turn++) {
      claims.push(await measure(async () => expect(await runner.claim()).toEqual([])))
      scans.push(
        await measure(() =>
          file.prepare(`SELECT count(*) FROM executions WHERE spec ->> 'image' = 'python:3'`).get(),
        ),
      )
    }

    expect(Math.min(...claims)).toBeLessThan(Math.min(...scans) / 2)
  })

  test('two stores over one file in one process do not wait for each other', async () => {
    const path = join(await createTempDir(), 'store.sqlite')
    const one = await createFixture({ store: createSqliteStore({ path }) })
    const other = await createFixture({ store: createSqliteStore({ path }) })

    const ids = await Promise.all(
      Array.from({ length: 20 }, (_, index) => submit(index % 2 === 0 ? one : other)),
    )
    await one.server.close()

    const { executions } = await readJson<{ executions: unknown[] }>(
      await other.send('GET', '/v1/executions?limit=100'),
    )
    expect(executions).toHaveLength(ids.length)
  })

  test('a path that is a directory is an error, each time it is tried', async () => {
    const path = join(await createTempDir(), 'folder')
    await mkdir(path)
    const store = createSqliteStore({ path })

    await expect(store.keys.find('a')).rejects.toThrow()
    await expect(store.keys.find('a')).rejects.toThrow()
  })

  test('the queue of a project is full at its limit, and room comes back', async () => {
    const path = join(await createTempDir(), 'store.sqlite')
    const fixture = await createFixture({ store: createSqliteStore({ path }) })
    const id = await submit(fixture)
    const file = new BetterSqlite3(path)
    onTestFinished(() => void file.close())
    const read = file.prepare('SELECT length FROM queue_lengths').pluck()
    expect(read.get()).toBe(1)
    file.prepare('UPDATE queue_lengths SET length = ?').run(LIMITS.queuedPerProject)

    const full = await fixture.send('PUT', `/v1/executions/${createExecutionId()}`, createSpec())
    await fixture.send('POST', `/v1/executions/${id}/cancel`)

    expect(await readJson(full)).toMatchObject({ code: 'queue_full', status: 429 })
    expect(read.get()).toBe(LIMITS.queuedPerProject - 1)
    await submit(fixture)
  })

  test('four processes that open a new file at once and claim 1,000 executions hand out each once', async () => {
    const path = join(await createTempDir(), 'store.sqlite')

    const claimed = await runClaimers(path, { processes: 4, executions: 1_000 })

    const ids = claimed.flatMap((each) => each.ids)
    expect(ids).toHaveLength(1_000)
    expect(new Set(ids).size).toBe(1_000)
    expect(claimed.filter((each) => each.ids.length > 0).length).toBeGreaterThan(1)
    expect(claimed.reduce((sum, { busy }) => sum + busy, 0)).toBeLessThan(20)
  })
})
