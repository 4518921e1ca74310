import { findPathFault, LIMITS, RGridError } from '@rgrid/protocol'
import { stat } from 'node:fs/promises'
import { isAbsolute, join, normalize, resolve, sep } from 'node:path'
import { codeOf } from './read-script.js'
import { walkDirectory } from './walk-directory.js'
import { toPosix, toWithin } from './within.js'

/** Why a file travels. */
export type Reason =
  | { readonly kind: 'script' }
  /** An argument names it, or the directory that it is in. `index` counts from 0. */
  | { readonly kind: 'argument'; readonly index: number }
  /** One of the `inputs` names it, or the directory that it is in. `index` counts from 0. */
  | { readonly kind: 'input'; readonly index: number }
  /** The standard input. */
  | { readonly kind: 'stdin' }
  /** The file `by`, a path in the workspace, imports it on a line, counted from 1. */
  | { readonly kind: 'import'; readonly by: string; readonly line: number }
  /** A requirements file. */
  | { readonly kind: 'requirements' }
  /** A `package.json`, which says what is installed and how modules are read, or its lockfile. */
  | { readonly kind: 'package' }

/** A local file and its place in the workspace. */
export interface LocalFile {
  readonly path: string
  /** Where it is on this machine, absolute; what it is said with, where it is in memory. */
  readonly source: string
  /** What is in memory. */
  readonly data?: Uint8Array
  /** Where there are several, the first in the order of {@link Reason}. */
  readonly reason: Reason
}

/** What travels, and the arguments as the script will see them. */
export interface Collection {
  readonly script: string
  readonly args: string[]
  readonly rewrites: { index: number; from: string }[]
  readonly files: LocalFile[]
  readonly folders: string[]
  /** Symbolic links in the directories that travel, by their paths below `cwd`. */
  readonly links: string[]
}

/** Where files from elsewhere are, each in a folder of its own. */
export const OUTSIDE = '.rgrid/inputs'

/**
 * Finds what travels with a script: the script itself and the arguments that name local files, or directories below
 * `cwd`. All keep their paths relative to `cwd`; a file from elsewhere is placed under `.rgrid/inputs/` and its
 * argument rewritten. A directory from elsewhere stays text.
 *
 * @param reach - how many of its folders a script from elsewhere keeps above it, for the modules that are there
 * @throws RGridError `invalid_request` when a file cannot travel.
 */
export async function collectFiles(
  cwd: string,
  script: string,
  args: readonly string[],
  upload: boolean,
  reach = 0,
): Promise<Collection> {
  const files = new Map<string, LocalFile>()
  const folders = new Set<string>()
  const links = new Set<string>()
  let outside = 0

  const place = (source: string, reason: Reason, folders = 0): string => {
    const field = toField(reason)
    const within = toWithin(cwd, source)
    const path = within ?? `${OUTSIDE}/${outside++}/${toEnd(source, folders)}`
    assertPath(path, field)
    if (!files.has(path)) files.set(path, { path, source, reason })
    if (files.size > LIMITS.inputFiles)
      throw new RGridError(
        'invalid_request',
        `${field}: more than the limit of ${LIMITS.inputFiles} files: leave some out with a .rgridignore file`,
      )
    return path
  }
  const placeFolder = async (source: string, within: string, reason: Reason): Promise<void> => {
    const content = await walkDirectory(source)
    for (const folder of ['', ...content.folders]) folders.add(toPosix(join(within, folder)))
    for (const file of content.files) place(join(source, file), reason)
    for (const link of content.links) links.add(toPosix(join(within, link)))
  }
  const placeArgument = async (arg: string, index: number): Promise<string> => {
    const source = resolve(cwd, arg)
    const stats = await statArgument(source, arg, index)
    const within = toWithin(cwd, source)
    const reason = { kind: 'argument', index } as const
    if (stats?.isFile() === true) return keepOrRewrite(arg, place(source, reason))
    if (stats?.isDirectory() !== true || within === undefined) return arg
    await placeFolder(source, within, reason)
    return keepOrRewrite(arg, within)
  }

  const scriptPath = place(resolve(cwd, script), { kind: 'script' }, reach)
  const sent: string[] = []
  for (const [index, arg] of args.entries()) sent.push(upload ? await placeArgument(arg, index) : arg)
  const rewrites = args.flatMap((from, index) => (sent[index] === from ? [] : [{ index, from }]))
  return {
    script: scriptPath,
    args: sent,
    rewrites,
    files: [...files.values()],
    folders: [...folders],
    links: [...links],
  }
}

/** The end of a path: its name, and some of the folders above it. */
const toEnd = (source: string, folders: number): string =>
  source
    .split(sep)
    .slice(-folders - 1)
    .join('/')
    .replace(/^\//, '')

/** What the user said it with, for errors. */
const toField = (reason: Reason): string =>
  reason.kind === 'argument' ? `args.${reason.index}` : reason.kind

/** A relative argument without a way upwards means the same in the workspace, so it stays as it was written. */
function keepOrRewrite(arg: string, path: string): string {
  const meansTheSame =
    !isAbsolute(arg) && !arg.split(/[\\/]/).includes('..') && toPosix(normalize(arg)) === path
  return meansTheSame ? arg : path
}

async function statArgument(source: string, arg: string, index: number) {
  if (arg === '' || arg.includes('\0')) return undefined
  return stat(source).catch((error: unknown) => {
    const code = codeOf(error)
    if (code === 'EACCES')
      throw new RGridError(
        'invalid_request',
        `args.${index}: ${JSON.stringify(arg)} cannot be read (EACCES): check its permissions`,
      )
    return undefined
  })
}

function assertPath(path: string, field: string): void {
  const fault = findPathFault(path)
  if (fault !== undefined)
    throw new RGridError('invalid_request', `${field}: the path ${JSON.stringify(path)} ${fault}`)
}
