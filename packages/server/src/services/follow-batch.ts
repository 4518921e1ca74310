import type { BatchCounts, BatchItemEvent } from '@rgrid/protocol'
import type { Context } from '../context.js'
import { batchTopic } from '../signals.js'
import type { FinishedItem } from '../store/batch-store.js'
import { getBatch } from './batches.js'
import { formatEvent } from './event-text.js'
import { getExecution } from './executions.js'
import { streamEvents, type NextEvents } from './stream-events.js'

// What is read at a time; a follower who reads slowly holds no more than this.
const PAGE = 50
// Counting takes longer the more items there are, and nobody reads numbers faster.
const PROGRESS_MS = 250

/**
 * The events of a batch behind the end with the number `after`, as text of an event stream: each item when it has ended, how
 * far the batch is now and then, and its end. Nothing is read ahead of a slow follower.
 */
export function followBatch(
  context: Context,
  project: string,
  id: string,
  after: number,
): ReadableStream<Uint8Array> {
  let cursor = after
  let lastCounts = ''
  let countAgainAt = 0
  let isUpToDate = false

  const readItems = async (): Promise<string> => {
    const finished = await context.store.batches.listFinished(project, id, cursor, PAGE)
    cursor = finished.at(-1)?.seq ?? cursor
    return (await Promise.all(finished.map((item) => toEvent(context, project, item)))).join('')
  }
  const readProgress = async (): Promise<NextEvents> => {
    if (performance.now() < countAgainAt) return NOTHING
    const batch = await getBatch(context, project, id)
    countAgainAt = performance.now() + PROGRESS_MS
    const progress = formatProgress(batch.counts)
    if (batch.status === 'finished') {
      // The last items may have ended since they were read.
      const missed = await readItems()
      if (missed !== '') return { text: missed, isEnd: false }
      return { text: progress + formatEvent('end', { batch }), isEnd: true }
    }
    if (progress === lastCounts) return NOTHING
    lastCounts = progress
    return { text: progress, isEnd: false }
  }

  return streamEvents(context, {
    id,
    topic: batchTopic(project),
    async read() {
      const items = await readItems()
      const found = items === '' ? await readProgress() : { text: items, isEnd: false }
      isUpToDate = found === NOTHING
      return found
    },
    getWaitMs: () => (isUpToDate ? Math.max(1, countAgainAt - performance.now()) : 0),
  })
}

const NOTHING: NextEvents = { text: '', isEnd: false }

const formatProgress = (counts: BatchCounts): string => formatEvent('progress', { counts })

async function toEvent(
  context: Context,
  project: string,
  { executionId, seq, index, name, outcome }: FinishedItem,
): Promise<string> {
  const execution = await getExecution(context, project, executionId)
  const event: BatchItemEvent = { index, name, outcome, execution }
  return formatEvent('item', event, String(seq))
}
