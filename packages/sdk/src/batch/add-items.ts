import {
  addedItemsSchema,
  LIMITS,
  RGridError,
  type BatchItem,
  type BatchItems,
  type Spec,
  type WireFile,
} from '@rgrid/protocol'
import { backoffMs, RETRY_LONG, type Api, type RetryPolicy } from '@rgrid/protocol/client'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LocalFile } from '../files/collect-files.js'
import type { FileMark } from '../files/file-mark.js'
import { uploadFiles } from '../files/upload-files.js'
import { nameItems } from './in-item.js'

/** Items that are ready to be sent, and where their files are on this machine. */
export interface ReadyItems {
  readonly spec: Spec
  readonly items: readonly BatchItem[]
  /** By digest. */
  readonly sources: ReadonlyMap<string, LocalFile>
  /** How the files looked that were hashed, by their place on this machine. */
  readonly marks: ReadonlyMap<string, FileMark>
}

/** One is enough, unless what was there is removed meanwhile. */
const ROUNDS = 3

/** For a full queue, which others empty. */
const FULL: RetryPolicy = { times: Infinity, firstDelayMs: 100, maxDelayMs: 5_000 }

/**
 * Adds items to a batch. They are sent by their digests alone, as most are there already where a batch is called again; then
 * with the files that the server does not have, the small ones inside the request. Where the queue is full it waits.
 */
export async function addItems(
  api: Api,
  batchId: string,
  ready: ReadyItems,
  signal: AbortSignal,
): Promise<void> {
  const path = `/v1/batches/${batchId}/items`
  const post = async (inline: ReadonlySet<string>): Promise<void> => {
    const json = toBody(ready, inline)
    await api.call(addedItemsSchema, { method: 'POST', path, json }, { signal, retry: RETRY_LONG })
  }
  let inline: ReadonlySet<string> = new Set()
  for (let refusals = 0, rounds = 0; ;) {
    try {
      return await post(inline)
    } catch (error) {
      if (!(error instanceof RGridError)) throw error
      if (error.code === 'queue_full') await sleep(backoffMs(FULL, refusals++), undefined, { signal })
      else if (error.code === 'missing_blobs' && rounds++ < ROUNDS) {
        inline = chooseInline(ready, new Set([...inline, ...error.missing]))
        await uploadRest(api, ready, { missing: error.missing, inline, signal })
      } else throw nameItems(error, ready.items)
    }
  }
}

function toBody({ spec, items }: ReadyItems, inline: ReadonlySet<string>): BatchItems {
  const strip = (files: readonly WireFile[]): WireFile[] =>
    files.map(({ data, ...file }) =>
      data !== undefined && inline.has(file.sha256) ? { ...file, data } : file,
    )
  return {
    spec: { ...spec, files: strip(spec.files) },
    items: items.map((item) => ({ ...item, files: strip(item.files) })),
  }
}

const listFiles = ({ spec, items }: ReadyItems): WireFile[] => [
  ...spec.files,
  ...items.flatMap(({ files }) => files),
]

/** The digests of small files that are missing, as many as fit into one request wherever they stand in it. */
function chooseInline(ready: ReadyItems, missing: ReadonlySet<string>): Set<string> {
  const sizes = new Map<string, number>()
  for (const { sha256, size, data } of listFiles(ready))
    if (data !== undefined && missing.has(sha256)) sizes.set(sha256, (sizes.get(sha256) ?? 0) + size)
  const chosen = new Set<string>()
  let left: number = LIMITS.inlineTotalBytes
  for (const [sha256, size] of sizes) {
    if (size > left) continue
    left -= size
    chosen.add(sha256)
  }
  return chosen
}

interface Rest {
  readonly missing: readonly string[]
  readonly inline: ReadonlySet<string>
  readonly signal: AbortSignal
}

async function uploadRest(api: Api, ready: ReadyItems, { missing, inline, signal }: Rest): Promise<void> {
  const files = new Map(listFiles(ready).map((file) => [file.sha256, file]))
  const wanted = missing.filter((sha256) => !inline.has(sha256))
  // By digests, as files of several items may have the same path.
  await uploadFiles(api, {
    files: [...files].map(([sha256, file]) => ({ ...file, path: sha256 })),
    sources: [...ready.sources].map(([sha256, source]) => ({ ...source, path: sha256 })),
    marks: ready.marks,
    missing: wanted,
    signal,
  })
}
