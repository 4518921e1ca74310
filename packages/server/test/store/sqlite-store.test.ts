import BetterSqlite3 from 'better-sqlite3'
import { createExecutionId, LIMITS } from '@rgrid/protocol'
import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createSqliteStore } from '../../src/index.js'
import { createFixture, createSpec, createTempDir, readJson, submit } from '../server-fixture.js'
import { runClaimers } from './run-claimers.js'
import { testStore } from './store-contract.js'

testStore('SQLite in memory', () => createSqliteStore({ path: ':memory:' }))
testStore('SQLite in a file', async () =>
  createSqliteStore({ path: join(await createTempDir(), 'a/b/store.sqlite') }),
)

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
