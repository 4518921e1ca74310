import BetterSqlite3 from 'better-sqlite3'
import { Kysely, Migrator } from 'kysely'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { createFlusher } from './create-flusher.js'
import { createDialect, keepStatements } from './dialect.js'
import { MIGRATIONS } from './migrations.js'
import type { Database } from './schema.js'

const BUSY_TIMEOUT_MS = 5_000
const JOURNAL_SIZE_LIMIT_BYTES = 64 * 1024 * 1024

/** An open file. */
export interface OpenDatabase {
  readonly db: Kysely<Database>
  /** Resolves when all that was committed before is on the disk. */
  readonly flush: () => Promise<void>
  readonly close: () => Promise<void>
}

/** Opens the file with its first query, and brings its schema up to date before that. */
export function openDatabase(path: string): OpenDatabase {
  const flusher = createFlusher(`${path}-wal`)
  let isFlushed = false
  const db = new Kysely<Database>({
    dialect: createDialect(async () => {
      if (path !== ':memory:') prepareFile(path)
      const file = new BetterSqlite3(path, { timeout: BUSY_TIMEOUT_MS })
      try {
        isFlushed = setPragmas(file)
        assertNotNewer(file, path)
        await migrate(file)
        return keepStatements(file, () => flusher.noteWrite())
      } catch (error) {
        file.close()
        throw error
      }
    }),
  })
  return {
    db,
    flush: () => (isFlushed ? flusher.flush() : Promise.resolve()),
    async close() {
      await flusher.close()
      await db.destroy()
    },
  }
}

// For its owner only, from before the first byte: it holds what scripts are given in their environment.
function prepareFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  closeSync(openSync(path, 'a', 0o600))
}

/**
 * Sets what holds for this connection.
 *
 * @returns whether commits have to be flushed, as they do not wait for the disk themselves.
 */
function setPragmas(file: BetterSqlite3.Database): boolean {
  // Only a file that is new takes it: what is deleted later can then be given back a little at a time.
  file.pragma('auto_vacuum = INCREMENTAL')
  const mode = retryBusy(() => file.pragma('journal_mode = WAL', { simple: true }))
  // Some file systems, and a database in memory, do not take it.
  const isWal = mode === 'wal'
  file.pragma(`synchronous = ${isWal ? 'NORMAL' : 'FULL'}`)
  file.pragma('foreign_keys = ON')
  file.pragma(`journal_size_limit = ${JOURNAL_SIZE_LIMIT_BYTES}`)
  return isWal
}

// Switching to WAL does not wait for the busy timeout when two processes open a new file at once.
function retryBusy<T>(operation: () => T): T {
  const deadline = performance.now() + BUSY_TIMEOUT_MS
  for (;;) {
    try {
      return operation()
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error
    }
  }
}

const isBusy = (error: unknown): boolean =>
  error instanceof BetterSqlite3.SqliteError && error.code.startsWith('SQLITE_BUSY')

function assertNotNewer(file: BetterSqlite3.Database, path: string): void {
  const isMigrated = file.prepare(`SELECT 1 FROM sqlite_master WHERE name = 'kysely_migration'`).get()
  if (isMigrated === undefined) return
  const names = file.prepare<[], string>('SELECT name FROM kysely_migration').pluck().all()
  const unknown = names.filter((name) => !(name in MIGRATIONS))
  if (unknown.length > 0)
    throw new Error(
      `${path} was written by a newer version of RGrid (${unknown.join(', ')}): update @rgrid/server, or use another file`,
    )
}

async function migrate(file: BetterSqlite3.Database): Promise<void> {
  // Not destroyed afterwards, as that would close the file.
  const db = new Kysely<Database>({ dialect: createDialect(() => Promise.resolve(file)) })
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve({ ...MIGRATIONS }) } })
  const { error } = await migrator.migrateToLatest()
  if (error !== undefined)
    throw new Error(`the schema of the store could not be brought up to date`, { cause: error })
}
