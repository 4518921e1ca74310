import { findLinkFault, type Link } from '@rgrid/protocol'
import { readlink, realpath } from 'node:fs/promises'
import { dirname, join, posix, resolve } from 'node:path'
import type { LocalFile } from './collect-files.js'
import { toPosix, toWithin } from './within.js'

/** Something that does not travel, and why. */
export interface Staying {
  readonly path: string
  readonly reason: string
}

/** Links that travel, and those that do not. */
export interface KeptLinks {
  readonly links: readonly Link[]
  readonly staying: readonly Staying[]
}

/** What travels beside the links. */
export interface Travelling {
  readonly files: readonly Pick<LocalFile, 'path'>[]
  readonly folders: readonly string[]
}

/**
 * Decides which symbolic links below `cwd` travel as links: those to what travels as well. The others stay: what they
 * lead to was not asked for.
 */
export async function keepLinks(
  cwd: string,
  paths: readonly string[],
  { files, folders }: Travelling,
): Promise<KeptLinks> {
  const filePaths = new Set(files.map(({ path }) => path))
  const known = new Set([...filePaths, ...folders])
  for (const path of [...known]) for (let up = dirname(path); up !== '.'; up = dirname(up)) known.add(up)
  const root = await realpath(cwd)
  const links: Link[] = []
  const staying: Staying[] = []
  // One that was named itself travels as the file that it leads to.
  for (const path of paths.filter((one) => !filePaths.has(one))) {
    const ends = await findEnds(cwd, root, path)
    const end = ends.find((one) => known.has(one))
    if (end === undefined) {
      const reason =
        ends.length === 0
          ? 'is a link that leads out of the current directory'
          : 'is a link to what does not travel'
      staying.push({ path, reason })
      continue
    }
    const target = posix.relative(dirname(path), end) || '.'
    if (findLinkFault(path, target) === undefined) links.push({ path, target })
    else staying.push({ path, reason: 'is a link that cannot travel' })
  }
  return { links, staying }
}

/** Where a link leads to below `cwd`: as it is written, and in the end. */
async function findEnds(cwd: string, root: string, path: string): Promise<string[]> {
  const source = join(cwd, path)
  const written = await readlink(source).catch(() => undefined)
  const real = await realpath(source).catch(() => undefined)
  const ends = [
    written === undefined ? undefined : toWithin(cwd, resolve(dirname(source), written)),
    real === undefined ? undefined : toWithin(root, real),
  ]
  return ends.filter((end) => end !== undefined).map(toPosix)
}
