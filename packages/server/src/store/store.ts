import type { BlobIndex } from './blob-index.js'
import type { ExecutionStore } from './execution-store.js'
import type { KeyStore } from './key-store.js'
import type { LogStore } from './log-store.js'
import type { RunnerStore } from './runner-store.js'

/**
 * Where executions live. All times are milliseconds of the store's own clock, so that servers that share a store
 * agree on leases. Every method that touches a tenant's data takes its project.
 */
export interface Store {
  readonly executions: ExecutionStore
  readonly logs: LogStore
  readonly keys: KeyStore
  readonly blobs: BlobIndex
  readonly runners: RunnerStore
  /** Closes the store. Calling it again does nothing. */
  close(): Promise<void>
}
