import { findPathFault, LIMITS, RGridError } from '@rgrid/protocol'
import { stat } from 'node:fs/promises'
import { basename, isAbsolute, join, normalize, resolve } from 'node:path'
import { codeOf } from './read-script.js'
import { walkDirectory } from './walk-directory.js'
import { toPosix, toWithin } from './within.js'

/** A local file and its place in the workspace. */
export interface LocalFile {
  readonly path: string
  /** Where it is on this machine, absolute. */
  readonly source: string
}

/** What travels, and the arguments as the script will see them. */
export interface Collection {
  readonly script: string
  readonly args: string[]
  readonly rewrites: { index: number; from: string }[]
  readonly files: LocalFile[]
  readonly folders: string[]
}

const OUTSIDE = '.rgrid/inputs'

/**
 * Finds what travels with a script: the script itself and the arguments that name local files, or directories below
 * `cwd`. All keep their paths relative to `cwd`; a file from elsewhere is placed under `.rgrid/inputs/` and its
 * argument rewritten. A directory from elsewhere stays text.
 *
 * @throws RGridError `invalid_request` when a file cannot travel.
 */
export async function collectFiles(
  cwd: string,
  script: string,
  args: readonly string[],
  upload: boolean,
): Promise<Collection> {
  const files = new Map<string, string>()
  const folders = new Set<string>()
  let outside = 0

  const place = (source: string, field: string): string => {
    const within = toWithin(cwd, source)
    const path = within ?? `${OUTSIDE}/${outside++}/${basename(source)}`
    assertPath(path, field)
    files.set(path, source)
    if (files.size > LIMITS.inputFiles)
      throw new RGridError(
        'invalid_request',
        `${field}: more than the limit of ${LIMITS.inputFiles} files: leave some out with a .rgridignore file`,
      )
    return path
  }
  const placeFolder = async (source: string, within: string, field: string): Promise<void> => {
    const content = await walkDirectory(source)
    for (const folder of ['', ...content.folders]) folders.add(toPosix(join(within, folder)))
    for (const file of content.files) place(join(source, file), field)
  }
  const placeArgument = async (arg: string, index: number): Promise<string> => {
    const source = resolve(cwd, arg)
    const stats = await statArgument(source, arg, index)
    const within = toWithin(cwd, source)
    if (stats?.isFile() === true) return keepOrRewrite(arg, place(source, `args.${index}`))
    if (stats?.isDirectory() !== true || within === undefined) return arg
    await placeFolder(source, within, `args.${index}`)
    return keepOrRewrite(arg, within)
  }

  const scriptPath = place(resolve(cwd, script), 'script')
  const sent: string[] = []
  for (const [index, arg] of args.entries()) sent.push(upload ? await placeArgument(arg, index) : arg)
  const rewrites = args.flatMap((from, index) => (sent[index] === from ? [] : [{ index, from }]))
  return {
    script: scriptPath,
    args: sent,
    rewrites,
    files: [...files].map(([path, source]) => ({ path, source })),
    folders: [...folders],
  }
}

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
