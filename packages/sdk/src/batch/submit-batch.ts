import { batchSchema, LIMITS, RGridError, type BatchSpec } from '@rgrid/protocol'
import { RETRY_LONG, type Api } from '@rgrid/protocol/client'
import { resolve } from 'node:path'
import type { PreparedSpec } from '../prepare-spec.js'
import { addItems } from './add-items.js'
import type { CheckedBatch, CheckedItem } from './check-batch.js'
import { chunkItems } from './chunk-items.js'
import { collectItem, type CollectedItem, type CommonPart } from './collect-item.js'
import { createLane } from './create-lane.js'
import type { ItemList } from './list-items.js'
import { createItemPreparer, estimateBytes } from './prepare-items.js'

/** A batch that is ready to be opened. */
export interface PreparedBatch {
  readonly script: string
  readonly checked: CheckedBatch
  readonly common: PreparedSpec
  readonly list: ItemList
}

const LINGER_MS = 50

/** Opens a batch, to which nothing is added yet. */
export async function openBatch(api: Api, id: string, { script, checked }: PreparedBatch): Promise<void> {
  const { settings, common, template, each } = checked
  const pattern = typeof each === 'string' ? each : undefined
  const lane = settings.lane ?? createLane({ cwd: common.cwd, script, template, pattern })
  const json: BatchSpec = { ...settings, lane }
  await api.call(batchSchema, { method: 'PUT', path: `/v1/batches/${id}`, json })
}

/**
 * Adds all items to a batch, and says that these are all. While one chunk is sent the next is read and hashed, and no more.
 *
 * @param stop - when it aborts, no more are added
 * @throws what is wrong with an item, or with the connection; then the batch is cancelled.
 */
export async function addAll(
  api: Api,
  id: string,
  prepared: PreparedBatch,
  stop: AbortSignal,
): Promise<void> {
  try {
    await addChunks(api, id, prepared, stop)
  } catch (error) {
    if (!stop.aborted && !isCancelled(error)) {
      await post(api, `/v1/batches/${id}/cancel`).catch(() => undefined)
      await post(api, `/v1/batches/${id}/seal`).catch(() => undefined)
      throw error
    }
  } finally {
    await prepared.common.release()
  }
  await post(api, `/v1/batches/${id}/seal`)
}

/** By its first failure, or by someone else. */
const isCancelled = (error: unknown): boolean =>
  error instanceof RGridError && error.code === 'already_finished'

async function addChunks(
  api: Api,
  id: string,
  { script, checked, common, list }: PreparedBatch,
  stop: AbortSignal,
): Promise<void> {
  const prepare = createItemPreparer(common)
  const collected = collectAll(list.items, toCommonPart(script, checked, common))
  const chunks = chunkItems(collected, {
    items: LIMITS.batchItemsPerRequest,
    bytes: LIMITS.jsonBodyBytes - sizeOf(common),
    bytesOf: estimateBytes,
    lingerMs: list.total === undefined ? LINGER_MS : undefined,
  })
  let sending = Promise.resolve()
  for await (const chunk of untilAborted(chunks, stop)) {
    const ready = await prepare(chunk)
    await sending
    sending = addItems(api, id, ready, stop)
    // It is waited for when the next chunk is ready.
    sending.catch(() => undefined)
  }
  await sending
}

async function* collectAll(
  items: Iterable<CheckedItem> | AsyncIterable<CheckedItem>,
  common: CommonPart,
): AsyncGenerator<CollectedItem, void> {
  let index = 0
  for await (const item of items) yield collectItem(item, index++, common)
}

const toCommonPart = (
  script: string,
  { common, template }: CheckedBatch,
  { spec }: PreparedSpec,
): CommonPart => ({
  cwd: resolve(common.cwd ?? '.'),
  script,
  upload: common.upload ?? true,
  template,
  sentArgs: spec.args,
  paths: new Set(spec.files.map(({ path }) => path)),
})

/** What the common part takes of a request, beside the bytes of its files. */
const sizeOf = ({ spec }: PreparedSpec): number =>
  Buffer.byteLength(JSON.stringify({ ...spec, files: spec.files.map(({ data: _, ...file }) => file) }))

const post = (api: Api, path: string): Promise<unknown> =>
  api.call(batchSchema, { method: 'POST', path }, { retry: RETRY_LONG })

/** Goes on until a signal aborts, even where the next never comes. */
async function* untilAborted<T>(
  items: AsyncGenerator<T, void>,
  signal: AbortSignal,
): AsyncGenerator<T, void> {
  let stop = (): void => {}
  const aborted = new Promise<undefined>((done) => {
    stop = () => done(undefined)
  })
  signal.addEventListener('abort', stop, { once: true })
  try {
    while (!signal.aborted) {
      const next = await Promise.race([items.next(), aborted])
      if (next === undefined || next.done === true) return
      yield next.value
    }
  } finally {
    signal.removeEventListener('abort', stop)
    items.return().catch(() => undefined)
  }
}
