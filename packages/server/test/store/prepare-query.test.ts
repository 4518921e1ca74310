import BetterSqlite3 from 'better-sqlite3'
import { Kysely } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { createDialect } from '../../src/store/sqlite/dialect.js'
import { prepareQuery, slot } from '../../src/store/sqlite/prepare-query.js'
import type { Database } from '../../src/store/sqlite/schema.js'

function openEmpty(): Kysely<Database> {
  const file = new BetterSqlite3(':memory:')
  file.exec('CREATE TABLE queue_lengths (project TEXT, length INTEGER)')
  file.exec(`INSERT INTO queue_lengths VALUES ('a', 1), ('a', 2), ('b', 3)`)
  const db = new Kysely<Database>({ dialect: createDialect(() => Promise.resolve(file)) })
  onTestFinished(() => db.destroy())
  return db
}

const prepareLongest = (db: Kysely<Database>) =>
  prepareQuery(
    db
      .selectFrom('queue_lengths')
      .select('length')
      .where('project', '=', slot<string>('project'))
      .where('length', '>', 0)
      .orderBy('length', 'desc')
      .limit(slot<number>('max')),
  )

test('a prepared query runs with other values each time, also in a transaction', async () => {
  const db = openEmpty()
  const longest = prepareLongest(db)
  const lengths = async (project: string, max: number) =>
    (await longest(db, { project, max })).map(({ length }) => length)
  const inTransaction = await db.transaction().execute((trx) => longest(trx, { project: 'b', max: 9 }))

  expect([await lengths('a', 9), await lengths('a', 1), await lengths('b', 9)]).toEqual([[2, 1], [2], [3]])
  expect(inTransaction).toEqual([{ length: 3 }])
})

test('a prepared query wants all its values', async () => {
  const db = openEmpty()

  await expect(prepareLongest(db)(db, { project: 'a' })).rejects.toThrow('the query wants a value for "max"')
})
