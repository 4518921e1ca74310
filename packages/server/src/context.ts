import type { Network, Spec } from '@rgrid/protocol'
import type { BlobStore } from './blobs/blob-store.js'
import type { Logger } from './logger.js'
import type { Retention } from './retention.js'
import type { Signals } from './signals.js'
import type { Store } from './store/store.js'

/** What services work with. */
export interface Context {
  readonly store: Store
  readonly blobs: BlobStore
  readonly signals: Signals
  readonly logger: Logger
  /** The pool of the executions and runners of this server. */
  readonly pool: string
  readonly allowProcess: boolean
  /** Whether an execution that no connected runner can take is refused rather than queued. */
  readonly refuseUnfit: boolean
  /** The most that one execution may ask for. */
  readonly ceilings: Spec['resources']
  /** Patterns of the images that an execution may ask for. */
  readonly images: readonly string[]
  /** The networks that an execution may ask for. */
  readonly networks: readonly Network[]
  /** How long what belongs to ended executions is kept. */
  readonly retention: Retention
  readonly leaseMs: number
  readonly leaseMarginMs: number
  /** How long a JSON body may take to arrive. */
  readonly bodyTimeoutMs: number
  /** Aborts when the server closes: streams end, waiting requests answer. */
  readonly closing: AbortSignal
}

/** How long a waiting request sleeps before it looks by itself: another process may have written to the store. */
export const RECHECK_MS = 1_000
