import type { Kysely } from 'kysely'
import { resolve } from 'node:path'
import { openDatabase, type OpenDatabase } from './open-database.js'
import type { Database } from './schema.js'

/** A use of a database. */
export interface SharedDatabase {
  readonly db: Kysely<Database>
  readonly flush: () => Promise<void>
  /** Ends this use; the last one closes the file. */
  readonly release: () => Promise<void>
}

const shared = new Map<string, { readonly database: OpenDatabase; users: number }>()

/**
 * Opens a file once per process. Waiting for the lock of another connection blocks the whole process, so two
 * connections within one would wait for each other until the busy timeout.
 */
export function shareDatabase(path: string): SharedDatabase {
  if (path === ':memory:') {
    const { close, ...database } = openDatabase(path)
    return { ...database, release: close }
  }
  const name = resolve(path)
  const entry = shared.get(name) ?? { database: openDatabase(name), users: 0 }
  shared.set(name, entry)
  entry.users += 1
  const { close, ...database } = entry.database
  return {
    ...database,
    release: async () => {
      entry.users -= 1
      if (entry.users > 0) return
      shared.delete(name)
      await close()
    },
  }
}
