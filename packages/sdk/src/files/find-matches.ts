import { createPathFilter } from '@rgrid/protocol'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { walkDirectory, type DirectoryContent } from './walk-directory.js'

const MAGIC = /[*?[{\\]/

/** Whether a pattern is more than the name of something. */
export const isPattern = (pattern: string): boolean => MAGIC.test(pattern)

/**
 * Lists the files and links below `cwd` that a pattern matches, except what the `.gitignore` and `.rgridignore` files
 * leave out that are in the directory where its wildcards begin, or below.
 */
export async function findMatches(
  cwd: string,
  pattern: string,
): Promise<Pick<DirectoryContent, 'files' | 'links'>> {
  const base = getBase(pattern)
  const isThere = await stat(join(cwd, base))
    .then((stats) => stats.isDirectory())
    .catch(() => false)
  if (!isThere) return { files: [], links: [] }
  const filter = createPathFilter([pattern])
  const { files, links } = await walkDirectory(join(cwd, base))
  const choose = (paths: readonly string[]): string[] =>
    paths.map((path) => (base === '' ? path : `${base}/${path}`)).filter((path) => filter.takes(path))
  return { files: choose(files), links: choose(links) }
}

/** The folder that all matches are in. */
function getBase(pattern: string): string {
  const parts = pattern.replace(/^(?:\.\/+)+/, '').split('/')
  const first = parts.findIndex((part) => isPattern(part))
  return parts
    .slice(0, first)
    .filter((part) => part !== '')
    .join('/')
}
