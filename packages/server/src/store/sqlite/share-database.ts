import type { Kysely } from 'kysely'
import { resolve } from 'node:path'
import { openDatabase } from './open-database.js'
import type { Database } from './schema.js'

/** A use of a database. */
export interface SharedDatabase {
  readonly db: Kysely<Database>
  /** Ends this use; the last one closes the file. */
  readonly release: () => Promise<void>
}

const shared = new Map<string, { readonly db: Kysely<Database>; users: number }>()

/**
 * Opens a file once per process. Waiting for the lock of another connection blocks the whole process, so two
 * connections within one would wait for each other until the busy timeout.
 */
export function shareDatabase(path: string): SharedDatabase {
  if (path === ':memory:') {
    const db = openDatabase(path)
    return { db, release: () => db.destroy() }
  }
  const name = resolve(path)
  const entry = shared.get(name) ?? { db: openDatabase(name), users: 0 }
  shared.set(name, entry)
  entry.users += 1
  return {
    db: entry.db,
    release: async () => {
      entry.users -= 1
      if (entry.users > 0) return
      shared.delete(name)
      await entry.db.destroy()
    },
  }
}
