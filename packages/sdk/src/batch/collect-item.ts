import { createExecutionId, type BatchItem } from '@rgrid/protocol'
import { collectFiles, OUTSIDE, type LocalFile } from '../files/collect-files.js'
import type { CheckedItem } from './check-batch.js'
import { fillTemplate, hasPlace } from './fill-template.js'

/** What all items of a batch have in common, once it is known what travels for it. */
export interface CommonPart {
  /** Absolute. */
  readonly cwd: string
  /** As it was written. */
  readonly script: string
  readonly upload: boolean
  /** The arguments as they were written. */
  readonly template: readonly string[]
  /** Those without a place, as the script will see them. */
  readonly sentArgs: readonly string[]
  /** The paths of what travels for all. */
  readonly paths: ReadonlySet<string>
}

/** An item with the files that travel for it, which are still to be hashed. */
export interface CollectedItem {
  readonly item: Omit<BatchItem, 'files' | 'name' | 'repeat'> & { readonly name: string | undefined }
  readonly sources: readonly LocalFile[]
}

/**
 * Finds what travels for one item, and its arguments as the script will see them.
 *
 * @throws RGridError `invalid_request` when a file cannot travel.
 */
export async function collectItem(
  { values, env, name }: CheckedItem,
  index: number,
  { cwd, script, upload, template, sentArgs, paths }: CommonPart,
): Promise<CollectedItem> {
  const collection = await collectFiles(cwd, script, values, upload)
  const { folders, rewrites: rewritten } = collection
  const sentValues = collection.args.map((arg, at) =>
    rewritten.some((one) => one.index === at) ? toOwnPlace(arg) : arg,
  )
  const left = [...sentArgs]
  const sentTemplate = template.map((arg) => (hasPlace(arg) ? arg : (left.shift() ?? arg)))
  const args = fillTemplate(sentTemplate, sentValues) ?? []
  const written = fillTemplate(template, values) ?? []
  const rewrites = written.flatMap((from, at) => (args[at] === from ? [] : [{ index: at, from }]))
  const called = name ?? (values.join(' ') || undefined)
  const sources = collection.files
    .filter(({ path }) => path !== collection.script)
    .map((file) => ({ ...file, path: toOwnPlace(file.path) }))
    .filter(({ path }) => !paths.has(path))
  return {
    item: { index, id: createExecutionId(), name: called, args, rewrites, env: { ...env }, folders },
    sources,
  }
}

/** Files from elsewhere are numbered from 0 for all items together too: those of one item are kept apart. */
const toOwnPlace = (path: string): string =>
  path.startsWith(`${OUTSIDE}/`) ? `${OUTSIDE}/item${path.slice(OUTSIDE.length)}` : path
