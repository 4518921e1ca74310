import { LIMITS, type BatchItem, type WireFile } from '@rgrid/protocol'
import { inParallel } from '@rgrid/protocol/client'
import { createHash } from 'node:crypto'
import type { LocalFile } from '../files/collect-files.js'
import { createInlineRoom, hashFiles, type HashedFiles } from '../files/hash-files.js'
import type { PreparedSpec } from '../prepare-spec.js'
import type { ReadyItems } from './add-items.js'
import type { CollectedItem } from './collect-item.js'
import { inItem } from './in-item.js'
import { createNamer } from './name-items.js'

// As many items are hashed at a time.
const PARALLEL = 4

/** Makes what turns collected items, chunk after chunk, into what is sent. */
export function createItemPreparer(
  common: PreparedSpec,
  signal: AbortSignal,
): (chunk: readonly CollectedItem[]) => Promise<ReadyItems> {
  const toName = createNamer()
  const toRepeat = createRepeatCounter()
  const commonSources = toSources(common.spec.files, common.sources)
  return async (chunk) => {
    const hashed = await hashItems(chunk, signal)
    const items = chunk.map((one, position): BatchItem => {
      const files = [...(hashed[position]?.files ?? [])]
      const name = toName(one.item.name ?? `item ${one.item.index}`)
      return { ...one.item, name, files, repeat: toRepeat(one, files) }
    })
    const sources = chunk.flatMap((one, position) => zip(hashed[position]?.files ?? [], one.sources))
    return {
      spec: common.spec,
      items,
      marks: new Map([...common.marks, ...hashed.flatMap(({ marks }) => [...marks])]),
      sources: new Map([...commonSources, ...sources]),
    }
  }
}

/** Hashes the files of items, each within the limits of one execution. */
async function hashItems(chunk: readonly CollectedItem[], signal: AbortSignal): Promise<HashedFiles[]> {
  const room = createInlineRoom()
  const hashed = Array.from<HashedFiles>({ length: chunk.length })
  await inParallel([...chunk.entries()], PARALLEL, async ([position, { item, sources }]) => {
    hashed[position] = await inItem(item.index, () => hashFiles(sources, { room, signal }))
  })
  return hashed
}

const zip = (files: readonly WireFile[], sources: readonly LocalFile[]): [string, LocalFile][] =>
  sources.map((source, index) => [files[index]?.sha256 ?? '', source])

function toSources(files: readonly WireFile[], sources: readonly LocalFile[]): Map<string, LocalFile> {
  const byPath = new Map(sources.map((source) => [source.path, source]))
  return new Map(
    files.flatMap(({ path, sha256 }) => {
      const source = byPath.get(path)
      return source === undefined ? [] : [[sha256, source]]
    }),
  )
}

/** Counts how often the same has been there before. */
function createRepeatCounter(): (one: CollectedItem, files: readonly WireFile[]) => number {
  const counts = new Map<string, number>()
  return ({ item: { args, env, folders, links } }, files) => {
    const content = files.map(({ path, sha256, executable }) => [path, sha256, executable])
    const key = createHash('sha256')
      .update(JSON.stringify([args, Object.entries(env).sort(), content, folders, links]))
      .digest('base64')
    const count = counts.get(key) ?? 0
    counts.set(key, count + 1)
    return count
  }
}

const ROOM_FOR_NUMBERS_BYTES = 512
const ROOM_FOR_A_FILE_BYTES = 160

/** About how large an item is in a request, with what is in memory of its files. */
export const estimateBytes = ({ item, sources }: CollectedItem): number =>
  ROOM_FOR_NUMBERS_BYTES +
  LIMITS.batchNameChars +
  Buffer.byteLength(
    JSON.stringify([item.args, item.rewrites, item.env, item.key, item.folders, item.links]),
  ) +
  sources.reduce(
    (sum, { path, data }) => sum + Buffer.byteLength(path) + ROOM_FOR_A_FILE_BYTES + (data?.byteLength ?? 0),
    0,
  )
