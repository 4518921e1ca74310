import type BetterSqlite3 from 'better-sqlite3'
import {
  CompiledQuery,
  SqliteAdapter,
  SqliteDriver,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type DatabaseConnection,
  type Dialect,
  type SqliteDatabase,
} from 'kysely'

// A deferred BEGIN that turns into a write skips the busy timeout and fails at once when another process writes.
class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    try {
      await super.rollbackTransaction(connection)
    } catch (error) {
      // Where the disk is full SQLite has done so itself: what has to be heard of is that, and not this.
      if (!isRolledBack(error)) throw error
    }
  }
}

const isRolledBack = (error: unknown): boolean =>
  error instanceof Error && error.message.includes('no transaction is active')

// SQLite can undo schema changes, which kysely does not use by itself: without it two processes that open a new file
// at once would both migrate it, and one that dies in between would leave half a schema.
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

const MAX_STATEMENTS = 256
const WRITES = /^(?:commit|insert|update|delete|create)/i

/**
 * Keeps prepared statements: preparing one takes longer than most of them run.
 *
 * @param onWrite - called before each statement that changes the file
 */
export function keepStatements(file: BetterSqlite3.Database, onWrite: () => void): SqliteDatabase {
  const statements = new Map<string, BetterSqlite3.Statement>()
  return {
    prepare(sql) {
      if (WRITES.test(sql)) onWrite()
      const kept = statements.get(sql)
      if (kept !== undefined) return kept
      if (statements.size >= MAX_STATEMENTS) statements.clear()
      const statement = file.prepare(sql)
      statements.set(sql, statement)
      return statement
    },
    close: () => void file.close(),
  }
}

/** Kysely's SQLite dialect with every transaction `BEGIN IMMEDIATE`. */
export const createDialect = (open: () => Promise<SqliteDatabase>): Dialect => ({
  createAdapter: () => new TransactionalAdapter(),
  createDriver: () => new ImmediateDriver({ database: open }),
  createIntrospector: (db) => new SqliteIntrospector(db),
  createQueryCompiler: () => new SqliteQueryCompiler(),
})
