import { LIMITS, type WireFile } from '@rgrid/protocol'
import { constants, writeFileSync } from 'node:fs'
import { chmod, copyFile, link } from 'node:fs/promises'

/** A large input file on this machine, read-only to all. It stays as long as it is held. */
export interface HeldBlob extends AsyncDisposable {
  readonly path: string
}

/** Brings a large input file to this machine, and holds it there. */
export type FetchBlob = (sha256: string, size: number) => Promise<HeldBlob>

/** How an input file comes to its place. */
export interface Placement {
  readonly fetchBlob: FetchBlob
  /** Whether a large file may be a hard link to a file of the runner, which the script can read and not write. */
  readonly canShare: boolean
}

// What file systems say that cannot do it, or not here, or not once more.
const UNABLE = new Set(['ENOTSUP', 'EOPNOTSUPP', 'ENOTTY', 'EINVAL', 'ENOSYS', 'EXDEV', 'EMLINK', 'EPERM'])
const NEW = constants.COPYFILE_EXCL

/** Puts an input file at `target`, which is not there yet. */
export async function placeFile(
  target: string,
  { data, sha256, size, executable }: WireFile,
  { fetchBlob, canShare }: Placement,
): Promise<void> {
  const mode = executable ? 0o755 : 0o644
  // Small ones are written at once: handing them to another thread takes longer than writing them.
  if (data !== undefined) return writeFileSync(target, Buffer.from(data, 'base64'), { flag: 'wx', mode })
  // All names of one file have the same mode.
  const isShared = canShare && !executable && size >= LIMITS.sharedInputBytes
  const ways = isShared ? [clone, share] : []
  await using blob = await fetchBlob(sha256, size)
  for (const way of ways) if (await isAble(way(blob.path, target, mode))) return
  await copy(blob.path, target, mode)
}

type Way = (path: string, target: string, mode: number) => Promise<void>

const clone: Way = async (path, target, mode) => {
  await copyFile(path, target, NEW | constants.COPYFILE_FICLONE_FORCE)
  await chmod(target, mode)
}

const share: Way = (path, target) => link(path, target)

const copy: Way = async (path, target, mode) => {
  await copyFile(path, target, NEW | constants.COPYFILE_FICLONE)
  await chmod(target, mode)
}

const isAble = (done: Promise<void>): Promise<boolean> =>
  done.then(
    () => true,
    (error: unknown) => {
      if (error instanceof Error && 'code' in error && UNABLE.has(String(error.code))) return false
      throw error
    },
  )
