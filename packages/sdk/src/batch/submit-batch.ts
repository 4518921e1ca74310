import { batchSchema, LIMITS, RGridError, type BatchSpec } from '@rgrid/protocol'
import { RETRY_LONG, type Api } from '@rgrid/protocol/client'
import { resolve } from 'node:path'
import type { Staying } from '../files/keep-links.js'
import { createSpool, type Spool } from '../files/spool.js'
import { orAborted } from '../or-aborted.js'
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

/** What watches over the items that are added. */
export interface AddOptions {
  /** When it aborts, no more are added. */
  readonly stop: AbortSignal
  /** Hears of what does not travel. */
  readonly tell: (staying: readonly Staying[]) => void
}

/**
 * Adds all items to a batch, and says that these are all. While one chunk is sent the next is read and hashed, and no more.
 *
 * @throws what is wrong with an item, or with the connection; then the batch is cancelled.
 */
export async function addAll(
  api: Api,
  id: string,
  prepared: PreparedBatch,
  { stop, tell }: AddOptions,
): Promise<void> {
  const spool = createSpool(stop)
  tell(prepared.common.staying)
  try {
    await addChunks(api, id, prepared, { spool, stop, tell })
  } catch (error) {
    if (!stop.aborted && !isCancelled(error)) {
      await post(api, `/v1/batches/${id}/cancel`).catch(() => undefined)
      await post(api, `/v1/batches/${id}/seal`).catch(() => undefined)
      throw error
    }
  } finally {
    await Promise.all([prepared.common.release(), spool.release()])
  }
  await post(api, `/v1/batches/${id}/seal`)
}

/** By its first failure, or by someone else. */
const isCancelled = (error: unknown): boolean =>
  error instanceof RGridError && error.code === 'already_finished'

async function addChunks(
  api: Api,
  id: string,
  prepared: PreparedBatch,
  { spool, stop, tell }: AddOptions & { readonly spool: Spool },
): Promise<void> {
  const { common, list } = prepared
  const prepare = createItemPreparer(common, stop)
  const collected = collectAll(list.items, toCommonPart(prepared), spool)
  const chunks = chunkItems(collected, {
    items: LIMITS.batchItemsPerRequest,
    bytes: LIMITS.jsonBodyBytes - sizeOf(common),
    bytesOf: estimateBytes,
    lingerMs: list.total === undefined ? LINGER_MS : undefined,
  })
  let sending = Promise.resolve()
  for await (const chunk of untilAborted(chunks, stop)) {
    for (const { staying } of chunk) tell(staying)
    const ready = await prepare(chunk)
    await sending
    sending = addItems(api, id, ready, stop).finally(() => spool.drop(chunk.flatMap((one) => one.sources)))
    // It is waited for when the next chunk is ready.
    sending.catch(() => undefined)
  }
  await sending
}

async function* collectAll(
  items: Iterable<CheckedItem> | AsyncIterable<CheckedItem>,
  common: CommonPart,
  spool: Spool,
): AsyncGenerator<CollectedItem, void> {
  let index = 0
  for await (const item of items) yield collectItem(item, index++, common, spool)
}

/** Leaves streams alone, which can be read only once. */
const NO_SPOOL: Spool = {
  take: (_data, name) => Promise.resolve({ source: name }),
  drop: () => Promise.resolve(),
  release: () => Promise.resolve(),
}

/**
 * Checks the inputs of the items of a list, before anything is sent. What is still being made is checked as it comes.
 *
 * @throws RGridError `invalid_request` naming the item and the input when one is not there, or cannot travel.
 */
export async function assertInputs(prepared: PreparedBatch): Promise<void> {
  const { items, total } = prepared.list
  if (total === undefined) return
  const common = toCommonPart(prepared)
  let index = 0
  for await (const item of items) {
    if (item.inputs.length > 0) await collectItem(item, index, common, NO_SPOOL)
    index++
  }
}

const toCommonPart = ({ script, checked, common: { spec, sources } }: PreparedBatch): CommonPart => ({
  cwd: resolve(checked.common.cwd ?? '.'),
  script,
  scriptPath: spec.script,
  upload: checked.common.upload ?? true,
  template: checked.template,
  sentArgs: spec.args,
  files: new Map(sources.map((file) => [file.path, file])),
  folders: spec.folders,
  links: new Set(spec.links?.map(({ path }) => path)),
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
  try {
    while (!signal.aborted) {
      const next = await orAborted(items.next(), signal)
      if (next.done === true) return
      yield next.value
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    items.return().catch(() => undefined)
  }
}
