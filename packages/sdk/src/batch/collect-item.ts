import { createExecutionId, type BatchItem } from '@rgrid/protocol'
import { collectFiles, OUTSIDE, type Collection, type LocalFile } from '../files/collect-files.js'
import { collectInputs } from '../files/collect-inputs.js'
import { keepLinks, type KeptLinks, type Staying } from '../files/keep-links.js'
import type { Spool } from '../files/spool.js'
import type { CheckedItem } from './check-batch.js'
import { fillTemplate, hasPlace } from './fill-template.js'
import { inItem } from './in-item.js'

/** What all items of a batch have in common, once it is known what travels for it. */
export interface CommonPart {
  /** Absolute. */
  readonly cwd: string
  /** As it was written. */
  readonly script: string
  /** Its path in the workspace. */
  readonly scriptPath: string
  readonly upload: boolean
  /** The arguments as they were written. */
  readonly template: readonly string[]
  /** Those without a place, as the script will see them. */
  readonly sentArgs: readonly string[]
  /** What travels for all, by its path. */
  readonly files: ReadonlyMap<string, LocalFile>
  readonly folders: readonly string[]
  readonly links: ReadonlySet<string>
}

/** An item with the files that travel for it, which are still to be hashed. */
export interface CollectedItem {
  readonly item: Omit<BatchItem, 'files' | 'name' | 'repeat'> & { readonly name: string | undefined }
  readonly sources: readonly LocalFile[]
  /** What was found and does not travel. */
  readonly staying: readonly Staying[]
}

/**
 * Finds what travels for one item, and its arguments as the script will see them.
 *
 * @throws RGridError `invalid_request` naming the item when a file cannot travel.
 */
export const collectItem = (
  checked: CheckedItem,
  index: number,
  common: CommonPart,
  spool: Spool,
): Promise<CollectedItem> => inItem(index, () => collect(checked, index, common, spool))

async function collect(
  checked: CheckedItem,
  index: number,
  common: CommonPart,
  spool: Spool,
): Promise<CollectedItem> {
  const { values, env, inputs, key, name } = checked
  const { cwd, script, scriptPath, upload } = common
  const collection = await collectFiles(cwd, script, values, upload)
  const named = collection.files
    .filter(({ path }) => path !== collection.script)
    .map((file) => ({ ...file, path: toOwnPlace(file.path) }))
  const taken = new Set([scriptPath, ...named.map(({ path }) => path)])
  const found = await collectInputs(cwd, { inputs }, { spool, taken })
  const sources = takeOwn([...named, ...found.files], common)
  const folders = [...new Set([...collection.folders, ...found.folders])]
  const { links, staying } = await findLinks(
    [...collection.links, ...found.links],
    { sources, folders },
    common,
  )
  return {
    item: {
      index,
      id: createExecutionId(),
      name: name ?? (values.join(' ') || undefined),
      ...toArgs(checked, collection, common),
      env: { ...env },
      folders,
      ...(links.length === 0 ? {} : { links: [...links] }),
      ...(key === undefined ? {} : { key }),
    },
    sources,
    staying,
  }
}

/** The arguments of an item as the script will see them. */
function toArgs(
  { values }: CheckedItem,
  { args: own, rewrites: rewritten }: Collection,
  { template, sentArgs }: CommonPart,
): { readonly args: string[]; readonly rewrites: Collection['rewrites'] } {
  const sentValues = own.map((arg, at) => (rewritten.some((one) => one.index === at) ? toOwnPlace(arg) : arg))
  const left = [...sentArgs]
  const sentTemplate = template.map((arg) => (hasPlace(arg) ? arg : (left.shift() ?? arg)))
  const args = fillTemplate(sentTemplate, sentValues) ?? []
  const written = fillTemplate(template, values) ?? []
  return { args, rewrites: written.flatMap((from, at) => (args[at] === from ? [] : [{ index: at, from }])) }
}

/** Each file once, without those that travel for all items anyway. */
function takeOwn(files: readonly LocalFile[], common: CommonPart): LocalFile[] {
  const isCommon = ({ path, source, data }: LocalFile): boolean => {
    const same = common.files.get(path)
    return same?.source === source && same.data === undefined && data === undefined
  }
  const own = new Map<string, LocalFile>()
  for (const file of files) if (!own.has(file.path) && !isCommon(file)) own.set(file.path, file)
  return [...own.values()]
}

/** The links of an item: those to what travels for it, or for all, travel. */
async function findLinks(
  paths: readonly string[],
  { sources, folders }: { readonly sources: readonly LocalFile[]; readonly folders: readonly string[] },
  common: CommonPart,
): Promise<KeptLinks> {
  const own = [...new Set(paths)].filter((path) => !common.links.has(path))
  if (own.length === 0) return { links: [], staying: [] }
  const files = [...common.files.values(), ...sources]
  return keepLinks(common.cwd, own, { files, folders: [...common.folders, ...folders] })
}

/** Files from elsewhere are numbered from 0 for all items together too: those of one item are kept apart. */
const toOwnPlace = (path: string): string =>
  path.startsWith(`${OUTSIDE}/`) ? `${OUTSIDE}/item${path.slice(OUTSIDE.length)}` : path
