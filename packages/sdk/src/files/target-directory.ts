import { RGridError } from '@rgrid/protocol'
import { constants, existsSync } from 'node:fs'
import { lstat, mkdir, open, realpath, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'

/** A directory that files are written below, and never outside of, whatever is done to its folders meanwhile. */
export interface TargetDirectory {
  /** Its path, without links. */
  readonly path: string
  /**
   * Makes a folder below it, and lends its place to some work: a path that holds until the work is done.
   *
   * @param folder - parted by `/`; empty for the directory itself
   * @throws RGridError `not_saved` when a link or a file is in the way.
   */
  withFolder<T>(folder: string, work: (place: string) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** Opens a folder within another one. */
interface Opener {
  /** The path that names this folder and nothing else. */
  place(folder: OpenFolder): string
  open(path: string): Promise<OpenFolder>
}

interface OpenFolder {
  readonly path: string
  readonly handle: FileHandle | undefined
}

interface Entry {
  readonly opened: Promise<OpenFolder>
  uses: number
}

const MAX_OPEN = 64
const DESCRIPTORS = '/proc/self/fd'

/**
 * Opens a {@link TargetDirectory}; it is made when it is not there. A link in its own path is followed: that is the
 * caller's word.
 *
 * @param hasDescriptors - whether open folders have paths here
 */
export async function openTargetDirectory(
  directory: string,
  hasDescriptors = existsSync(DESCRIPTORS),
): Promise<TargetDirectory> {
  await mkdir(directory, { recursive: true })
  const path = await realpath(directory)
  return createTarget(path, hasDescriptors ? BY_DESCRIPTOR : BY_PATH)
}

/** Linux resolves names below an open folder in that folder, wherever it is by now: nothing can come in between. */
const BY_DESCRIPTOR: Opener = {
  place: ({ path, handle }) => (handle === undefined ? path : `${DESCRIPTORS}/${handle.fd}`),
  async open(path) {
    const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
    return { path, handle }
  },
}

/** Elsewhere each folder is looked at before each use, which leaves a moment for those who may write there. */
const BY_PATH: Opener = {
  place: ({ path }) => path,
  async open(path) {
    if (!(await lstat(path)).isDirectory()) throw new Error(`${path} is not a directory`)
    return { path, handle: undefined }
  },
}

function createTarget(root: string, opener: Opener): TargetDirectory {
  const entries = new Map<string, Entry>()

  const enter = async (folder: string): Promise<OpenFolder> => {
    if (folder === '') return opener.open(root)
    const at = folder.lastIndexOf('/')
    const name = folder.slice(at + 1)
    return withFolder(folder.slice(0, Math.max(at, 0)), async (parent) => {
      const path = join(parent, name)
      await mkdir(path).catch(ignoreExisting)
      const { handle } = await opener.open(path).catch((error: unknown) => explain(error, path, folder))
      return { path: join(root, ...folder.split('/')), handle }
    })
  }
  const closeIdle = async (): Promise<void> => {
    for (const [folder, entry] of entries) {
      if (entries.size <= MAX_OPEN) return
      if (entry.uses > 0) continue
      entries.delete(folder)
      await closeFolder(entry)
    }
  }
  const withFolder = async <T>(folder: string, work: (place: string) => Promise<T>): Promise<T> => {
    const entry = entries.get(folder) ?? { opened: enter(folder), uses: 0 }
    entries.delete(folder)
    // What was used last is closed last. A path that holds for one use only is not kept.
    if (opener === BY_DESCRIPTOR) entries.set(folder, entry)
    entry.uses++
    try {
      const opened = await entry.opened.catch((error: unknown) => {
        entries.delete(folder)
        throw error
      })
      return await work(opener.place(opened))
    } finally {
      entry.uses--
      await closeIdle()
    }
  }

  return {
    path: root,
    withFolder,
    async close() {
      await Promise.all([...entries.values()].map(closeFolder))
      entries.clear()
    },
  }
}

async function closeFolder({ opened }: Entry): Promise<void> {
  const folder = await opened.catch(() => undefined)
  await folder?.handle?.close()
}

function ignoreExisting(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
}

/** @throws RGridError `not_saved` where a link or a file is the reason, else the error itself. */
async function explain(error: unknown, path: string, folder: string): Promise<never> {
  const stats = await lstat(path).catch(() => undefined)
  if (stats === undefined || stats.isDirectory()) throw error
  const what = stats.isSymbolicLink() ? 'a symbolic link' : 'a file'
  throw new RGridError('not_saved', `${JSON.stringify(folder)} is ${what}, not a directory`, { cause: error })
}
