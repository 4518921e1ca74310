import type { BatchStore } from './batch-store.js'
import type { BlobIndex } from './blob-index.js'
import type { CacheStore } from './cache-store.js'
import type { ExecutionStore } from './execution-store.js'
import type { KeyStore } from './key-store.js'
import type { LogStore } from './log-store.js'
import type { RetentionStore } from './retention-store.js'
import type { RunnerStore } from './runner-store.js'

/**
 * Where executions live. All times are milliseconds of the store's own clock, so that servers that share a store
 * agree on leases. Every method that touches a tenant's data takes its project.
 */
export interface Store {
  readonly executions: ExecutionStore
  readonly batches: BatchStore
  readonly cache: CacheStore
  readonly logs: LogStore
  readonly keys: KeyStore
  readonly blobs: BlobIndex
  readonly runners: RunnerStore
  readonly retention: RetentionStore
  /**
   * Resolves when all that was written before is safe, also from a power cut. What was written can be read at once; who
   * tells others of it as done waits for this first.
   */
  flush(): Promise<void>
  /** Closes the store. Calling it again does nothing. */
  close(): Promise<void>
}
