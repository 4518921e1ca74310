import { createDiskBlobs, createSqliteStore } from '../src/index.js'
import type { Context } from '../src/context.js'
import { SILENT } from '../src/logger.js'
import { createSignals } from '../src/signals.js'

/** What services work with, over an empty store in memory. */
export function createTestContext(over: Partial<Context> = {}): Context {
  return {
    store: createSqliteStore({ path: ':memory:' }),
    blobs: createDiskBlobs({ directory: '/nowhere' }),
    signals: createSignals(),
    logger: SILENT,
    pool: 'default',
    allowProcess: true,
    refuseUnfit: false,
    ceilings: {},
    images: ['*'],
    networks: ['none', 'bridge'],
    retention: { outputsDays: 30, logsDays: 30, executionsDays: 90 },
    leaseMs: 30_000,
    leaseMarginMs: 10_000,
    bodyTimeoutMs: 30_000,
    closing: new AbortController().signal,
    ...over,
  }
}
