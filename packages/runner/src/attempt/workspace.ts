import type { Claim, WireFile } from '@rgrid/protocol'
import { inParallel } from '@rgrid/protocol/client'
import { lstatSync, type BigIntStats } from 'node:fs'
import { mkdir, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { placeFile, type Placement } from './place-file.js'

/** What says whether a file was touched. */
export type FileMark = Pick<BigIntStats, 'mtimeNs' | 'size' | 'ino'>

/** How an input file was before the script started. */
export interface InputState {
  readonly sha256: string
  readonly mark: FileMark
}

/** The directory that a script runs in, with its files. */
export interface Workspace {
  /** The script's working directory. */
  readonly workDir: string
  readonly inputs: ReadonlyMap<string, InputState>
  /** Which files are to come home; `undefined`: all that are created or changed. */
  readonly outputs: readonly string[] | undefined
  /** The targets of the symbolic links that were there before the script. */
  readonly links: ReadonlyMap<string, string>
}

// So many large files are fetched at a time.
const PARALLEL = 4

/**
 * Puts the input files of a claim in their places below `workDir`, which is empty.
 *
 * @throws Error saying what is missing, such as a file that cannot be fetched, or room on the disk.
 */
export async function fillWorkspace(
  workDir: string,
  { spec: { files, folders, outputs, links = [] } }: Claim,
  placement: Placement,
): Promise<Workspace> {
  const inputs = new Map<string, InputState>()
  const place = async (file: WireFile): Promise<void> => {
    const target = join(workDir, file.path)
    await placeFile(target, file, placement)
    const { mtimeNs, size, ino } = lstatSync(target, { bigint: true })
    inputs.set(file.path, { sha256: file.sha256, mark: { mtimeNs, size, ino } })
  }
  try {
    const wanted = new Set([...folders, ...[...files, ...links].map(({ path }) => dirname(path))])
    // The workspace itself is there: asking for it again would take longer than all the rest.
    wanted.delete('.')
    for (const folder of wanted) await mkdir(join(workDir, folder), { recursive: true })
    for (const file of files) if (file.data !== undefined) await place(file)
    const large = files.filter(({ data }) => data === undefined)
    await inParallel(large, PARALLEL, place)
    // Last, so that nothing is written through one.
    for (const { path, target } of links) await symlink(target, join(workDir, path))
  } catch (error) {
    throw explainFullDisk(error)
  }
  return { workDir, inputs, outputs, links: new Map(links.map(({ path, target }) => [path, target])) }
}

const FULL = new Set(['ENOSPC', 'EDQUOT'])

function explainFullDisk(error: unknown): unknown {
  if (!(error instanceof Error && 'code' in error && FULL.has(String(error.code)))) return error
  return new Error(`the disk of the runner has no room left for the input files (${String(error.code)})`, {
    cause: error,
  })
}
