import type { CacheOutcome } from '@rgrid/protocol'
import { toPrintable } from './printable.js'

/** What came of the cache, in some words; `null` when it was not asked. */
export function formatCache(cache: CacheOutcome | null): string | null {
  if (cache === null) return null
  return cache.hit ? `from the cache (${cache.executionId})` : `not cached: ${toPrintable(cache.missReason)}`
}
