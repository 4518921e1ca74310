import ignore, { type Ignore } from 'ignore'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readOptional } from '../config/read-optional.js'

/** What is in a directory, as paths below it parted by `/`. */
export interface DirectoryContent {
  readonly files: string[]
  readonly folders: string[]
  /** Symbolic links, which are not followed. */
  readonly links: string[]
}

const IGNORE_FILES = ['.gitignore', '.rgridignore']

interface Rule {
  readonly base: string
  readonly rules: Ignore
}

/**
 * Lists the regular files, folders and symbolic links of a directory, except what the `.gitignore` and `.rgridignore` files in it
 * leave out. Such files above it do not count: who names an ignored directory wants it. `.git` never travels.
 */
export async function walkDirectory(root: string): Promise<DirectoryContent> {
  const content: DirectoryContent = { files: [], folders: [], links: [] }
  await walk(root, '', [], content)
  return content
}

async function walk(
  root: string,
  folder: string,
  outer: readonly Rule[],
  content: DirectoryContent,
): Promise<void> {
  const rules = [...outer, ...(await readRules(root, folder))]
  for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.name === '.git' || isIgnored(rules, entry.isDirectory() ? `${path}/` : path)) continue
    if (entry.isFile()) content.files.push(path)
    if (entry.isSymbolicLink()) content.links.push(path)
    if (!entry.isDirectory()) continue
    content.folders.push(path)
    await walk(root, path, rules, content)
  }
}

async function readRules(root: string, folder: string): Promise<Rule[]> {
  const texts = await Promise.all(IGNORE_FILES.map((name) => readOptional(join(root, folder, name))))
  return texts
    .filter((text) => text !== undefined)
    .map((text) => ({ base: folder, rules: ignore().add(text) }))
}

/** The innermost file that says something about a path decides, as in git. */
function isIgnored(rules: readonly Rule[], path: string): boolean {
  const verdicts = rules.map(({ base, rules: own }) =>
    own.test(base === '' ? path : path.slice(base.length + 1)),
  )
  const verdict = verdicts.findLast(({ ignored, unignored }) => ignored || unignored)
  return verdict?.ignored === true
}
