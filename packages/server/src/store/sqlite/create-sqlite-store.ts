import type { Store } from '../store.js'
import { shareDatabase } from './share-database.js'
import { createBatchStore } from './sqlite-batches.js'
import { createBlobIndex } from './sqlite-blobs.js'
import { createCacheStore } from './sqlite-cache.js'
import { createExecutionStore } from './sqlite-executions.js'
import { createKeyStore } from './sqlite-keys.js'
import { createLogStore } from './sqlite-logs.js'
import { createRetentionStore } from './sqlite-retention.js'
import { createRunnerStore } from './sqlite-runners.js'

/** Where the SQLite file is. */
export interface SqliteStoreOptions {
  /** The file, made when it is not there; `:memory:` for a store that ends with the process. */
  readonly path: string
  /**
   * The store's clock: milliseconds since 1970.
   *
   * @default Date.now
   */
  readonly now?: () => number
}

/**
 * Makes a {@link Store} in one SQLite file on a local disk. Several processes may use the file at once. It is opened,
 * and its schema brought up to date, with the first use; a file written by a newer version is refused then.
 */
export function createSqliteStore({ path, now = Date.now }: SqliteStoreOptions): Store {
  const { db, flush, release } = shareDatabase(path)
  let closed: Promise<void> | undefined
  return {
    executions: createExecutionStore(db, now),
    batches: createBatchStore(db, now),
    cache: createCacheStore(db, now),
    logs: createLogStore(db),
    keys: createKeyStore(db, now),
    blobs: createBlobIndex(db, now),
    runners: createRunnerStore(db, now),
    retention: createRetentionStore(db, now),
    flush,
    close: () => (closed ??= release()),
  }
}
