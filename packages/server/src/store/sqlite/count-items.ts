import type { BatchCounts } from '@rgrid/protocol'
import { sql, type SelectQueryBuilder } from 'kysely'
import type { BatchStore } from '../batch-store.js'
import type { Database } from './schema.js'

type Items = SelectQueryBuilder<Database, 'batch_items' | 'batches' | 'executions', object>

/** Says how far the items of a batch are. */
export async function countItems(items: Items): Promise<Awaited<ReturnType<BatchStore['count']>>> {
  const rows = await items
    .select(['executions.status', 'batch_items.outcome'])
    .select((eb) => [
      sql<number>`count(*)`.as('count'),
      eb.fn.sum<number | null>('executions.cost_microns').as('cost'),
      eb.fn.max('executions.finished_at').as('last'),
    ])
    .groupBy(['executions.status', 'batch_items.outcome'])
    .execute()
  const counts = { total: 0, queued: 0, running: 0, completed: 0, failed: 0, reused: 0 }
  let costMicrons = 0
  let lastEndAt: number | null = null
  for (const { status, outcome, count, cost, last } of rows) {
    counts.total += count
    counts[GROUPS[status]] += count
    if (outcome === 'reused') counts.reused += count
    if (outcome === 'new') costMicrons += cost ?? 0
    if (last !== null) lastEndAt = Math.max(lastEndAt ?? 0, last)
  }
  return { counts, costMicrons, lastEndAt }
}

const GROUPS = {
  queued: 'queued',
  claimed: 'running',
  running: 'running',
  finishing: 'running',
  completed: 'completed',
  failed: 'failed',
  timed_out: 'failed',
  cancelled: 'failed',
  lost: 'failed',
} as const satisfies Record<string, keyof BatchCounts>
