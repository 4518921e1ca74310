import { join, resolve } from 'node:path'
import type { Artifact } from '../../types.js'
import type { CliContext } from '../context.js'
import { toOutputFolder } from './output-folder.js'

/** Where the files of a batch go. */
export interface SaveFlags {
  /** @default outputs */
  readonly outputDir?: string
  readonly flat?: boolean
}

/** An item with files. */
export interface SavedItem {
  readonly name: string
  readonly artifacts: readonly Pick<Artifact, 'path'>[]
  download(directory: string): Promise<string[]>
}

/** The folder of all files of a batch, absolute. */
export const findOutputDirectory = ({ cwd }: CliContext, { outputDir = 'outputs' }: SaveFlags): string =>
  resolve(cwd, outputDir)

/**
 * Makes what saves the files of items: each item's into a folder of its own, or all into one.
 *
 * @throws Error when two items would write the same file there.
 */
export function createItemSaver(
  context: CliContext,
  flags: SaveFlags,
): (item: SavedItem) => Promise<string[]> {
  const directory = findOutputDirectory(context, flags)
  if (flags.flat !== true) return (item) => item.download(join(directory, toOutputFolder(item.name)))
  const owners = new Map<string, string>()
  return async (item) => {
    for (const { path } of item.artifacts) {
      const owner = owners.get(path)
      if (owner !== undefined)
        throw new Error(`${path} is already there from ${owner}: without --flat each has its own folder`)
    }
    for (const { path } of item.artifacts) owners.set(path, item.name)
    return item.download(directory)
  }
}
