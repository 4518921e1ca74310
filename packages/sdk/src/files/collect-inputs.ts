import { createPathFilter, findPathFault, LIMITS, patternsSchema, RGridError } from '@rgrid/protocol'
import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Input, RunOptions } from '../run-options.js'
import type { LocalFile } from './collect-files.js'
import { findMatches, isPattern } from './find-matches.js'
import { codeOf } from './read-script.js'
import type { Spool } from './spool.js'
import { walkDirectory } from './walk-directory.js'
import { toPosix, toWithin } from './within.js'

/** What the options `inputs` and `stdin` name. */
export interface CollectedInputs {
  readonly files: LocalFile[]
  readonly folders: string[]
  /** Symbolic links in directories, by their paths below `cwd`. */
  readonly links: string[]
  /** The path of the standard input. */
  readonly stdin: string | undefined
}

/** What inputs are collected with. */
export interface InputContext {
  readonly spool: Spool
  /** The paths of what travels already. */
  readonly taken: ReadonlySet<string>
}

/** Where data from outside goes that no argument names. */
const STDIN = '.rgrid/stdin'
const RESERVED = '.rgrid'

/**
 * Finds what the options `inputs` and `stdin` name: patterns, files and directories below `cwd`, and data of a program's
 * own. Streams are read to their end.
 *
 * @throws RGridError `invalid_request` naming the option when something is not there, or cannot travel.
 */
export async function collectInputs(
  cwd: string,
  { inputs = [], stdin }: Pick<RunOptions, 'inputs' | 'stdin'>,
  { spool, taken }: InputContext,
): Promise<CollectedInputs> {
  const files = new Map<string, LocalFile>()
  const folders = new Set<string>()
  const links = new Set<string>()
  const isIncluded = createExclusion(inputs)

  const add = (file: LocalFile, field: string): void => {
    const fault = findPathFault(file.path)
    if (fault !== undefined) throw refuse(field, `the path ${JSON.stringify(file.path)} ${fault}`)
    if (!files.has(file.path)) files.set(file.path, file)
    if (files.size > LIMITS.inputFiles)
      throw refuse(
        field,
        `more than the limit of ${LIMITS.inputFiles} files: leave some out with a .rgridignore file, or with "!…"`,
      )
  }
  const addFound = (paths: readonly string[], index: number): void => {
    const reason = { kind: 'input', index } as const
    for (const path of paths.filter(isIncluded))
      add({ path, source: join(cwd, path), reason }, toField(index))
  }
  const addFolder = async (within: string, index: number): Promise<void> => {
    const content = await walkDirectory(join(cwd, within))
    const toPaths = (paths: readonly string[]): string[] =>
      paths.map((path) => toPosix(join(within, path))).filter((path) => !isReserved(path))
    for (const folder of toPaths([...(within === '' ? [] : ['']), ...content.folders])) folders.add(folder)
    addFound(toPaths(content.files), index)
    for (const link of toPaths(content.links).filter(isIncluded)) links.add(link)
  }
  const addMatches = async (pattern: string, index: number): Promise<void> => {
    const found = await findMatches(cwd, pattern)
    if (found.files.length + found.links.length === 0)
      throw refuse(
        toField(index),
        `${JSON.stringify(pattern)} matches no file: check the pattern, and what .gitignore and .rgridignore leave out there`,
      )
    addFound(found.files, index)
    for (const link of found.links.filter(isIncluded)) links.add(link)
  }
  const addPattern = async (pattern: string, index: number): Promise<void> => {
    const field = toField(index)
    const source = resolve(cwd, pattern)
    const stats = await statNamed(source, pattern, field)
    if (stats === undefined && isPattern(pattern)) {
      assertPattern(pattern, field)
      return addMatches(pattern, index)
    }
    if (stats === undefined) throw refuse(field, `${JSON.stringify(pattern)} is not there: check the path`)
    assertTravels(stats, pattern, field)
    const within = source === cwd ? '' : toWithin(cwd, source)
    if (within === undefined)
      throw refuse(
        field,
        `${JSON.stringify(pattern)} is outside the current directory, where the script would not find it: pass it as an argument, or as { path, file }`,
      )
    return stats.isFile() ? addFound([within], index) : addFolder(within, index)
  }
  const addOwn = async (input: Exclude<Input, string>, index: number): Promise<void> => {
    const field = toField(index)
    const { path } = input
    if (files.has(path) || taken.has(path)) throw refuse(field, `${JSON.stringify(path)} is there already`)
    const reason = { kind: 'input', index } as const
    add({ path, reason, ...(await takeOwn(input, field)) }, field)
  }
  const takeOwn = async (
    input: { readonly file: string } | { readonly data: Parameters<Spool['take']>[0] },
    field: string,
  ): Promise<Pick<LocalFile, 'source' | 'data'>> => {
    if (!('file' in input)) return spool.take(input.data, field)
    const source = resolve(cwd, input.file)
    const stats = await statNamed(source, input.file, field)
    if (stats === undefined) throw refuse(field, `${JSON.stringify(input.file)} is not there: check the path`)
    assertTravels(stats, input.file, field)
    if (!stats.isFile()) throw refuse(field, `${JSON.stringify(input.file)} is a directory: name a file`)
    return { source }
  }
  const addStdin = async (given: NonNullable<RunOptions['stdin']>): Promise<string> => {
    const isFile = typeof given === 'object' && 'file' in given
    const taken = await takeOwn(isFile ? given : { data: given }, 'stdin')
    const path = (isFile ? toWithin(cwd, taken.source) : undefined) ?? STDIN
    add({ path, reason: { kind: 'stdin' }, ...taken }, 'stdin')
    return path
  }

  for (const [index, input] of inputs.entries()) {
    if (typeof input !== 'string') await addOwn(input, index)
    else if (!isExclusion(input)) await addPattern(input, index)
  }
  const stdinPath = stdin === undefined ? undefined : await addStdin(stdin)
  return { files: [...files.values()], folders: [...folders], links: [...links], stdin: stdinPath }
}

const toField = (index: number): string => `inputs.${index}`

const refuse = (field: string, fault: string): RGridError =>
  new RGridError('invalid_request', `${field}: ${fault}`)

const isExclusion = (pattern: string): boolean => pattern.startsWith('!')

/** The configuration in it is for this machine. */
const isReserved = (path: string): boolean => path.split('/')[0] === RESERVED

function assertPattern(pattern: string, field: string): void {
  const { error } = patternsSchema.safeParse([pattern])
  if (error !== undefined) throw refuse(field, error.issues.map(({ message }) => message).join('; '))
}

function createExclusion(inputs: readonly Input[]): (path: string) => boolean {
  const patterns = inputs.filter((input) => typeof input === 'string').filter(isExclusion)
  if (patterns.length === 0) return () => true
  for (const pattern of patterns) assertPattern(pattern, toField(inputs.indexOf(pattern)))
  const filter = createPathFilter(patterns)
  return (path) => filter.takes(path)
}

async function statNamed(source: string, name: string, field: string): Promise<Stats | undefined> {
  if (name === '') throw refuse(field, 'is empty: name a file, a directory or a pattern')
  if (name.includes('\0')) throw refuse(field, `${JSON.stringify(name)} has a NUL character`)
  return stat(source).catch((error: unknown) => {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw refuse(field, `${JSON.stringify(name)} cannot be read (${code}): check its permissions`)
  })
}

function assertTravels(stats: Stats, name: string, field: string): void {
  if (stats.isFile() || stats.isDirectory()) return
  const kind = stats.isFIFO() ? 'a FIFO' : stats.isSocket() ? 'a socket' : 'a device'
  throw refuse(
    field,
    `${JSON.stringify(name)} is ${kind}, which may never end: save what it gives to a file, or hand over a stream`,
  )
}
