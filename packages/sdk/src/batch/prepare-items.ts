import { LIMITS, type BatchItem, type WireFile } from '@rgrid/protocol'
import { createHash } from 'node:crypto'
import type { LocalFile } from '../files/collect-files.js'
import { hashFiles } from '../files/hash-files.js'
import type { PreparedSpec } from '../prepare-spec.js'
import type { ReadyItems } from './add-items.js'
import type { CollectedItem } from './collect-item.js'
import { createNamer } from './name-items.js'

/** Makes what turns collected items, chunk after chunk, into what is sent. */
export function createItemPreparer(
  common: PreparedSpec,
): (chunk: readonly CollectedItem[]) => Promise<ReadyItems> {
  const toName = createNamer()
  const toRepeat = createRepeatCounter()
  const commonSources = toSources(common.spec.files, common.sources)
  return async (chunk) => {
    const sources = chunk.flatMap((one) => one.sources)
    const { files, marks } = await hashFiles(sources)
    let from = 0
    const items = chunk.map((one): BatchItem => {
      const own = files.slice(from, (from += one.sources.length))
      const name = toName(one.item.name ?? `item ${one.item.index}`)
      return { ...one.item, name, files: own, repeat: toRepeat(one, own) }
    })
    return {
      spec: common.spec,
      items,
      marks: new Map([...common.marks, ...marks]),
      sources: new Map([...commonSources, ...zip(files, sources)]),
    }
  }
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
  return ({ item: { args, env, folders } }, files) => {
    const content = files.map(({ path, sha256, executable }) => [path, sha256, executable])
    const key = createHash('sha256')
      .update(JSON.stringify([args, Object.entries(env).sort(), content, folders]))
      .digest('base64')
    const count = counts.get(key) ?? 0
    counts.set(key, count + 1)
    return count
  }
}

const ROOM_FOR_NUMBERS_BYTES = 512
const ROOM_FOR_A_FILE_BYTES = 160

/** About how large an item is in a request, beside the bytes of its files. */
export const estimateBytes = ({ item, sources }: CollectedItem): number =>
  ROOM_FOR_NUMBERS_BYTES +
  LIMITS.batchNameChars +
  Buffer.byteLength(JSON.stringify([item.args, item.rewrites, item.env, item.folders])) +
  sources.reduce((sum, { path }) => sum + Buffer.byteLength(path) + ROOM_FOR_A_FILE_BYTES, 0)
