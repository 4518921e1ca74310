import type { Claim, WireFile } from '@rgrid/protocol'
import { constants, lstatSync, writeFileSync, type BigIntStats } from 'node:fs'
import { chmod, copyFile, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** A large input file on this machine, read-only to all. It stays as long as it is held. */
export interface HeldBlob extends AsyncDisposable {
  readonly path: string
}

/** Brings a large input file to this machine, and holds it there. */
export type FetchBlob = (sha256: string, size: number) => Promise<HeldBlob>

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
}

/** Puts the input files of a claim in their places below `workDir`, which is empty. */
export async function fillWorkspace(
  workDir: string,
  { spec }: Claim,
  fetchBlob: FetchBlob,
): Promise<Workspace> {
  const paths = [...spec.folders, ...spec.files.map(({ path }) => dirname(path))]
  const folders = new Set(paths.filter((path) => path !== '.').map((path) => join(workDir, path)))
  for (const folder of folders) await mkdir(folder, { recursive: true })
  const inputs = new Map<string, InputState>()
  for (const file of spec.files) {
    const target = join(workDir, file.path)
    await placeFile(target, file, fetchBlob)
    const { mtimeNs, size, ino } = lstatSync(target, { bigint: true })
    inputs.set(file.path, { sha256: file.sha256, mark: { mtimeNs, size, ino } })
  }
  return { workDir, inputs, outputs: spec.outputs }
}

async function placeFile(
  target: string,
  { data, sha256, size, executable }: WireFile,
  fetchBlob: FetchBlob,
): Promise<void> {
  const mode = executable ? 0o755 : 0o644
  // Small ones are written at once: handing them to another thread takes longer than writing them.
  if (data !== undefined) return writeFileSync(target, Buffer.from(data, 'base64'), { flag: 'wx', mode })
  await using blob = await fetchBlob(sha256, size)
  await copyFile(blob.path, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  await chmod(target, mode)
}
