export type { BlobStore } from './blobs/blob-store.js'
export { createDiskBlobs, type DiskBlobsOptions } from './blobs/disk-blobs.js'
export { createServer, type Grant, type RGridServer } from './create-server.js'
export { listen, type Listener, type ListenOptions } from './listen.js'
export type { Logger } from './logger.js'
export type { Retention } from './retention.js'
export type { ServerOptions } from './server-options.js'
export type { BlobIndex, IndexedBlob } from './store/blob-index.js'
export type {
  ClaimOrder,
  Completed,
  Completion,
  ExecutionStore,
  Fence,
  Glance,
  InlineBlob,
  PageQuery,
  Progress,
  StoredAttempt,
  StoredClaim,
  StoredExecution,
  StoredSpec,
  Submission,
  SweepLimits,
  Swept,
} from './store/execution-store.js'
export type { KeyStore, Scope, StoredKey } from './store/key-store.js'
export type { LogStore, NewChunk, StoredChunk } from './store/log-store.js'
export type { Needs } from './store/needs.js'
export type {
  CollectedBlobs,
  Expiring,
  Losses,
  RetentionStore,
  Turn,
  TurnOrder,
} from './store/retention-store.js'
export type { RunnerStore, SeenRunner, StoredRunner } from './store/runner-store.js'
export { createSqliteStore, type SqliteStoreOptions } from './store/sqlite/create-sqlite-store.js'
export type { Store } from './store/store.js'
