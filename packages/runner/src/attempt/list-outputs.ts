import { createPathFilter, findPathFault, LIMITS, type PathFilter, type Skipped } from '@rgrid/protocol'
import { lstatSync, readlinkSync, type BigIntStats } from 'node:fs'
import { opendir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { createBreather } from './breather.js'
import { createSkipList, type SkipList } from './skip-list.js'
import type { FileMark, InputState, Workspace } from './workspace.js'

/** A file that the script created, or an input that it may have changed. */
export interface OutputCandidate {
  readonly path: string
  readonly size: number
  readonly input: InputState | undefined
}

/** What a walk over a workspace found. */
export interface OutputList {
  readonly candidates: OutputCandidate[]
  readonly skipped: Skipped[]
  /** The patterns that matched nothing. */
  readonly unmatched: readonly string[]
}

// What is in it at home decides where scripts and keys are sent.
const RESERVED = '.rgrid'
const FOLDER_ENTRIES = 1024

const EVERYTHING: PathFilter = { takes: () => true, listUnmatched: () => [] }

// Python's own, beside every module that a script imports: for its version alone, and made again in a moment.
const COMPILED = '__pycache__'

/**
 * Walks a workspace after its script has stopped and lists the regular files that are new or changed, and wanted. Links,
 * devices, FIFOs and sockets are never opened; what is left out is listed with its reason, unless it is not wanted anyway
 * or is what Python compiled.
 */
export async function listOutputs(
  { workDir, inputs, outputs, links }: Workspace,
  skips: SkipList = createSkipList(),
): Promise<OutputList> {
  const filter = outputs === undefined ? EVERYTHING : createPathFilter(outputs)
  const candidates: OutputCandidate[] = []
  const breathe = createBreather()
  let bytes = 0n

  const skip = (path: string, reason: string): void => {
    if (filter.takes(path)) skips.add(path, reason)
  }
  // Input files from elsewhere are there too, and stay without a word.
  const skipReserved = (path: string): void => {
    if (![...inputs.keys()].some((input) => input.startsWith(`${path}/`))) skip(path, 'is kept for RGrid')
  }
  const isSameLink = (path: string): boolean =>
    links.has(path) && readlinkSync(join(workDir, path)) === links.get(path)
  const take = (path: string, stats: BigIntStats): void => {
    const input = inputs.get(path)
    if ((input !== undefined && isUntouched(input.mark, stats)) || !filter.takes(path)) return
    if (candidates.length >= LIMITS.outputFiles)
      return skip(path, `over the limit of ${LIMITS.outputFiles} files`)
    if (bytes + stats.size > BigInt(LIMITS.outputBytes))
      return skip(path, `over the limit of ${LIMITS.outputBytes} bytes`)
    bytes += stats.size
    candidates.push({ path, size: Number(stats.size), input })
  }
  const look = async (path: string): Promise<void> => {
    // At once: handing it to another thread takes longer.
    const stats = lstatSync(join(workDir, path), { bigint: true })
    if (stats.isDirectory()) await (basename(path) === COMPILED ? undefined : walk(path))
    else if (stats.isFile()) take(path, stats)
    else if (!(stats.isSymbolicLink() && isSameLink(path))) skip(path, describe(stats))
  }
  const walk = async (folder: string): Promise<void> => {
    // A piece at a time, as a folder may have more names than there is memory.
    for await (const { name } of await openFolder(join(workDir, folder))) {
      const path = folder === '' ? name.toString() : `${folder}/${name.toString()}`
      const fault = findNameFault(name) ?? findPathFault(path)
      if (fault !== undefined) skip(path, fault)
      else if (path.toLowerCase() === RESERVED) skipReserved(path)
      else await look(path).catch(() => skip(path, 'cannot be read'))
      await breathe()
    }
  }

  await walk('').catch(() => skips.add('.', 'cannot be read'))
  return { candidates, skipped: skips.read(), unmatched: filter.listUnmatched() }
}

/** Opens a folder with its names as they are: as text, two that are none would be the same. */
async function openFolder(path: string): Promise<AsyncIterable<{ readonly name: Buffer }>> {
  const entries: unknown = await opendir(path, {
    encoding: 'buffer' as BufferEncoding,
    bufferSize: FOLDER_ENTRIES,
  })
  return entries as AsyncIterable<{ readonly name: Buffer }>
}

const findNameFault = (name: Buffer): string | undefined =>
  Buffer.from(name.toString()).equals(name) ? undefined : 'has a name that is not UTF-8'

const isUntouched = (before: FileMark, after: FileMark): boolean =>
  before.mtimeNs === after.mtimeNs && before.size === after.size && before.ino === after.ino

function describe(stats: BigIntStats): string {
  if (stats.isSymbolicLink()) return 'is a symbolic link'
  if (stats.isFIFO()) return 'is a FIFO'
  if (stats.isSocket()) return 'is a socket'
  return 'is a device'
}
