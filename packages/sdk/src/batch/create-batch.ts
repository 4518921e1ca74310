import { batchSchema, RGridError, type BatchRecord } from '@rgrid/protocol'
import { followBatch, type Api } from '@rgrid/protocol/client'
import { createCanceller } from '../execution/create-canceller.js'
import { createDeferred } from '../execution/deferred.js'
import { requireCause } from '../execution/run-error.js'
import { createKeepAlive } from '../keep-alive.js'
import { createBatchResult } from './create-batch-result.js'
import { createEventWindow, type ItemEvent } from './event-window.js'
import { createProgressBoard } from './progress-board.js'
import { createStayingBoard } from './staying-board.js'
import { addAll, openBatch, type PreparedBatch } from './submit-batch.js'
import type { Batch, BatchProgress, BatchResult, BatchSummary, FailedItem } from './types.js'

/** A batch that is to be opened, or one that is there. */
export type StartedBatch = { readonly api: Api } & (
  { readonly batch: PreparedBatch } | { readonly id: string }
)

/** Of results that wait for their reader in memory; a batch of small results has some hundreds. */
const WINDOW_FILES = 1_000

/**
 * Makes the handle of a batch: a native promise with properties, already on its way.
 *
 * @param start - prepares the batch or finds it; called once, at once. It is given up when its signal aborts
 * @param signal - cancels the batch when it aborts
 */
export function createBatch(
  id: string,
  start: (signal: AbortSignal) => Promise<StartedBatch>,
  signal?: AbortSignal,
): Batch {
  const accepted = createDeferred<undefined>()
  const window = createEventWindow(WINDOW_FILES)
  const board = createProgressBoard()
  const staying = createStayingBoard()
  const failure = new AbortController()
  let over = false
  const end = async ({ api }: { readonly api: Api }): Promise<void> =>
    over ? undefined : cancelBatch(api, id)
  const canceller = createCanceller(() => opened, end, signal)

  const open = async (): Promise<{ api: Api; adding: Promise<void> }> => {
    const started = await start(canceller.signal)
    const { api } = started
    if (!('batch' in started)) return { api, adding: Promise.resolve() }
    const { batch } = started
    if (batch.list.total !== undefined) board.setTotal(batch.list.total)
    await openBatch(api, id, batch)
    return { api, adding: addAll(api, id, batch, { stop: canceller.signal, tell: staying.tell }) }
  }
  const opened = open()

  const follow = async (): Promise<BatchSummary> => {
    const keepAlive = createKeepAlive()
    try {
      const { api, adding } = await opened
      adding.then(
        () => accepted.resolve(undefined),
        (error: unknown) => failure.abort(error),
      )
      const summary = await read(api)
      await adding
      return summary
    } catch (error) {
      accepted.reject(error)
      throw error
    } finally {
      over = true
      window.end()
      board.end()
      keepAlive.release()
      canceller.release()
    }
  }
  const read = async (api: Api): Promise<BatchSummary> => {
    const failed = new Map<number, FailedItem>()
    for await (const event of followBatch(api, id, { signal: failure.signal })) {
      if (event.type === 'progress') board.setCounts(event.counts)
      else if (event.type === 'item') {
        note(failed, event)
        board.addItem(event.item)
        window.push(event)
      } else {
        board.end(event.batch.counts)
        return createSummary(event.batch, failed)
      }
    }
    throw new RGridError('protocol', `the events of ${id} stopped before its end`)
  }

  /** Results from the window, and behind it from the server. */
  async function* readResults(): AsyncGenerator<BatchResult, void> {
    const { api } = await opened
    let seq = 0
    const live = window.read()
    for (let next = await live.next(); ; next = await live.next()) {
      if (next.done === true) {
        if (!next.value) yield* readOn(api, seq)
        break
      }
      ;({ seq } = next.value)
      yield createBatchResult(api, next.value.item)
    }
    await summary
  }
  async function* readOn(api: Api, after: number): AsyncGenerator<BatchResult, void> {
    for await (const event of followBatch(api, id, { after, signal: failure.signal }))
      if (event.type === 'item') yield createBatchResult(api, event.item)
  }
  const results = (): AsyncGenerator<BatchResult, void> => {
    // Whoever reads the results hears of a failure there, so the promise itself need not be awaited meanwhile.
    summary.catch(() => undefined)
    return readResults()
  }

  const summary = follow()
  accepted.promise.catch(() => undefined)

  return Object.assign(summary, {
    id,
    accepted: accepted.promise,
    progress: { [Symbol.asyncIterator]: () => board.read() },
    onProgress: (listener: (progress: BatchProgress) => void) => board.watch(listener),
    onStaying: staying.watch,
    cancel: canceller.cancel,
    [Symbol.asyncIterator]: results,
    async [Symbol.asyncDispose]() {
      if (!over) canceller.cancelQuietly()
      await summary.catch(() => undefined)
    },
  })
}

/** An item that was run again counts as it ended last. */
function note(failed: Map<number, FailedItem>, { item }: ItemEvent): void {
  const { index, name, execution } = item
  const { id, status, exitCode, message } = execution
  failed.delete(index)
  if (status === 'completed') return
  failed.set(index, { index, name, id, status, cause: requireCause(execution.cause, id), exitCode, message })
}

function createSummary(record: BatchRecord, failed: ReadonlyMap<number, FailedItem>): BatchSummary {
  const { id, counts, costMicrons } = record
  return {
    id,
    ok: !record.cancelRequested && counts.completed === counts.total,
    counts,
    failed: [...failed.values()].sort((one, other) => one.index - other.index),
    costMicrons,
    record,
  }
}

/** Asks for the end of a batch. One that has ended meanwhile is fine: its summary is what counts. */
async function cancelBatch(api: Api, id: string): Promise<void> {
  try {
    await api.call(batchSchema, { method: 'POST', path: `/v1/batches/${id}/cancel` })
  } catch (error) {
    if (!(error instanceof RGridError && error.code === 'already_finished')) throw error
  }
}
