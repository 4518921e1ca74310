import { findPathFault, LIMITS, type Skipped } from '@rgrid/protocol'
import type { BigIntStats, Dirent } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createSkipList, type SkipList } from './skip-list.js'
import type { FileMark, InputState, Workspace } from './workspace.js'

/** A file that the script created, or an input that it may have changed. */
export interface OutputCandidate {
  readonly path: string
  readonly stats: BigIntStats
  readonly input: InputState | undefined
}

/** What a walk over a workspace found. */
export interface OutputList {
  readonly candidates: OutputCandidate[]
  readonly skipped: Skipped[]
}

// What is in it at home decides where scripts and keys are sent.
const RESERVED = '.rgrid'

// Python's own, beside every module that a script imports: for its version alone, and made again in a moment.
const COMPILED = '__pycache__'

/**
 * Walks a workspace after its script has stopped and lists the regular files that are new or changed. Links, devices,
 * FIFOs and sockets are never opened; what is left out is listed with its reason, but for what Python compiled.
 */
export async function listOutputs(
  { workDir, inputs }: Workspace,
  skips: SkipList = createSkipList(),
): Promise<OutputList> {
  const candidates: OutputCandidate[] = []
  const skip = (path: string, reason: string): void => skips.add(path, reason)
  let bytes = 0n

  const take = async (path: string): Promise<void> => {
    const stats = await lstat(join(workDir, path), { bigint: true })
    const input = inputs.get(path)
    if (!stats.isFile() || (input !== undefined && isUntouched(input.mark, stats))) return
    if (candidates.length >= LIMITS.outputFiles)
      return skip(path, `over the limit of ${LIMITS.outputFiles} files`)
    if (bytes + stats.size > BigInt(LIMITS.outputBytes))
      return skip(path, `over the limit of ${LIMITS.outputBytes} bytes`)
    bytes += stats.size
    candidates.push({ path, stats, input })
  }
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readdir(join(workDir, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      const fault = findPathFault(path)
      if (fault !== undefined) skip(path, fault)
      else if (path === RESERVED) skip(path, 'is kept for RGrid')
      else if (entry.isDirectory() && entry.name === COMPILED) continue
      else if (entry.isDirectory()) await walk(path).catch(() => skip(path, 'cannot be read'))
      else if (entry.isFile()) await take(path).catch(() => skip(path, 'cannot be read'))
      else skip(path, describe(entry))
    }
  }

  await walk('').catch(() => skip('.', 'cannot be read'))
  return { candidates, skipped: skips.read() }
}

const isUntouched = (before: FileMark, after: FileMark): boolean =>
  before.mtimeNs === after.mtimeNs && before.size === after.size && before.ino === after.ino

function describe(entry: Dirent): string {
  if (entry.isSymbolicLink()) return 'is a symbolic link'
  if (entry.isFIFO()) return 'is a FIFO'
  if (entry.isSocket()) return 'is a socket'
  return 'is a device'
}
