import {
  LIMITS,
  networkSchema,
  resourcesSchema,
  toIssues,
  type Network,
  type Resources,
} from '@rgrid/protocol'
import * as z from 'zod'
import type { BlobStore } from './blobs/blob-store.js'
import type { Context } from './context.js'
import { SILENT, type Logger } from './logger.js'
import { retentionSchema, type Retention } from './retention.js'
import { createSignals } from './signals.js'
import type { Store } from './store/store.js'

const BODY_TIMEOUT_MS = 30_000

/** What a server is made of. */
export interface ServerOptions {
  /** Where executions live. The server owns it from here on and closes it with itself. */
  readonly store: Store
  /** Where large files live. */
  readonly blobs: BlobStore
  /**
   * Executions submitted through this server are claimed only by runners that register through a server of the same pool.
   * A pool named `embedded-…` lives inside one process: what is still queued when its runner has been gone for a minute
   * is `lost`.
   *
   * @default 'default'
   */
  readonly pool?: string
  /**
   * Whether runners may run scripts without isolation. Only for a server whose callers you trust as yourself.
   *
   * @default false
   */
  readonly allowProcess?: boolean
  /**
   * Whether an execution that no connected runner can take is refused, rather than queued until one comes. For a server
   * whose runners are all there from the start.
   *
   * @default false
   */
  readonly refuseUnfit?: boolean
  /**
   * The most that one execution may ask for. More is refused, with an error that names the resource and its limit.
   *
   * @default what the protocol allows
   */
  readonly ceilings?: Partial<Resources>
  /**
   * Patterns of the images that an execution may ask for in place of its runtime's, where `*` stands for anything. A
   * runner allows images of its own accord besides.
   *
   * @default ['*']
   */
  readonly images?: readonly string[]
  /**
   * The networks that an execution may ask for.
   *
   * @default ['none', 'bridge']
   */
  readonly networks?: readonly Network[]
  /**
   * How long what belongs to ended executions is kept. Of servers that share a store, the one that keeps it for the
   * shortest time decides.
   *
   * @default 30 days for files and logs, 90 for records
   */
  readonly retention?: Partial<Retention>
  /**
   * How long a runner's lease lasts without a renewal, in milliseconds.
   *
   * @default 30_000
   */
  readonly leaseMs?: number
  /**
   * How long after its end a lease is taken away, in milliseconds.
   *
   * @default 10_000
   */
  readonly leaseMarginMs?: number
  /**
   * Where the server writes what happened.
   *
   * @default nowhere
   */
  readonly logger?: Logger
}

const boundsSchema = z.object({
  ceilings: resourcesSchema.partial().default({}),
  images: z.array(z.string().min(1)).default(['*']),
  networks: z.array(networkSchema).default(networkSchema.options),
  retention: retentionSchema.prefault({}),
})

/**
 * Fills in the defaults.
 *
 * @throws TypeError when one of the bounds of executions is not what it should be: a wrong one might bound nothing.
 */
export function createContext(options: ServerOptions, closing: AbortSignal): Context {
  const bounds = boundsSchema.safeParse(options)
  if (!bounds.success) {
    const [first] = toIssues(bounds.error)
    throw new TypeError(`the option ${first?.path}: ${first?.message}`)
  }
  return {
    store: options.store,
    blobs: options.blobs,
    signals: createSignals(),
    logger: options.logger ?? SILENT,
    pool: options.pool ?? 'default',
    allowProcess: options.allowProcess ?? false,
    refuseUnfit: options.refuseUnfit ?? false,
    ...bounds.data,
    leaseMs: options.leaseMs ?? LIMITS.leaseMs,
    leaseMarginMs: options.leaseMarginMs ?? LIMITS.leaseMarginMs,
    bodyTimeoutMs: BODY_TIMEOUT_MS,
    closing,
  }
}
