import { sql, type Kysely, type Transaction } from 'kysely'
import type { Database } from './schema.js'

/**
 * Runs a transaction whose end does not wait for the disk, which is most of what a small one costs. A power cut may undo
 * it, but not what is committed after it, as the log of the database is written in order.
 */
export function withoutSync<T>(
  db: Kysely<Database>,
  work: (trx: Transaction<Database>) => Promise<T>,
): Promise<T> {
  return db.connection().execute(async (connection) => {
    await sql`PRAGMA synchronous = NORMAL`.execute(connection)
    try {
      return await connection.transaction().execute(work)
    } finally {
      await sql`PRAGMA synchronous = FULL`.execute(connection)
    }
  })
}
