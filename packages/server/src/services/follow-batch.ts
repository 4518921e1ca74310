import type { BatchCounts, BatchItemEvent, BatchRecord } from '@rgrid/protocol'
import { RECHECK_MS, type Context } from '../context.js'
import { batchTopic, type Watch } from '../signals.js'
import type { FinishedItem } from '../store/batch-store.js'
import { getBatch } from './batches.js'
import { formatEvent, PING } from './event-text.js'
import { getExecution } from './executions.js'

// What is read at a time; a follower who reads slowly holds no more than this.
const PAGE = 50
const PING_MS = 15_000
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
  const gone = new AbortController()
  let watch: Watch | undefined
  let cursor = after
  let lastCounts = ''
  let countAgainAt = 0
  let lastSentAt = performance.now()

  /** What there is to tell; `undefined` when nothing has happened. */
  const read = async (): Promise<{ text: string; isEnd: boolean } | undefined> => {
    const finished = await context.store.batches.listFinished(project, id, cursor, PAGE)
    const last = finished.at(-1)
    if (last !== undefined) {
      cursor = last.seq
      const events = await Promise.all(finished.map((item) => toEvent(context, project, item)))
      return { text: events.join(''), isEnd: false }
    }
    if (performance.now() < countAgainAt) return undefined
    const batch = await getBatch(context, project, id)
    countAgainAt = performance.now() + PROGRESS_MS
    if (batch.status === 'finished') return endWith(batch)
    const counts = JSON.stringify(batch.counts)
    if (counts === lastCounts) return undefined
    lastCounts = counts
    return { text: formatProgress(batch.counts), isEnd: false }
  }
  /** The end, unless the last items have ended since they were read. */
  const endWith = async (batch: BatchRecord): Promise<{ text: string; isEnd: boolean } | undefined> => {
    const [missed] = await context.store.batches.listFinished(project, id, cursor, 1)
    if (missed !== undefined) return read()
    return { text: formatProgress(batch.counts) + formatEvent('end', { batch }), isEnd: true }
  }
  const next = async (): Promise<{ text: string; isEnd: boolean }> => {
    watch ??= context.signals.watch(batchTopic(project))
    for (;;) {
      if (context.closing.aborted || gone.signal.aborted) return { text: '', isEnd: true }
      const found = await read()
      if (found !== undefined) return found
      if (performance.now() - lastSentAt >= PING_MS) return { text: PING, isEnd: false }
      await watch.wait(Math.max(1, Math.min(RECHECK_MS, countAgainAt - performance.now())), gone.signal)
    }
  }
  const close = (): void => {
    gone.abort()
    watch?.close()
  }

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { text, isEnd } = await next()
          if (gone.signal.aborted) return
          if (text !== '') controller.enqueue(Buffer.from(text))
          lastSentAt = performance.now()
          if (!isEnd) return
          close()
          controller.close()
        } catch (error) {
          close()
          if (!context.closing.aborted) context.logger.error('an event stream failed', { batchId: id, error })
          controller.error(error)
        }
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  )
}

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
