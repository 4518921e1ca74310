import { LIMITS, type BatchItemRecord } from '@rgrid/protocol'
import type { RGridClient } from '../../types.js'

/** Lists the items of a batch by their index, page by page. */
export async function* listAllItems(
  client: RGridClient,
  id: string,
  { failed = false, limit = Infinity }: { readonly failed?: boolean; readonly limit?: number } = {},
): AsyncGenerator<BatchItemRecord, void> {
  for (let after = -1, left = limit; ;) {
    const page = await client.batches.items(id, {
      failed,
      after,
      limit: Math.min(left, LIMITS.batchItemsPerRequest),
    })
    yield* page.items
    left -= page.items.length
    if (page.next === null || left <= 0) return
    after = page.next
  }
}
