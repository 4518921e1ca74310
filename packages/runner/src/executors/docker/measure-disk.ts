import { constants, type Dirent, type Stats } from 'node:fs'
import { lstat, open, opendir, readdir, stat } from 'node:fs/promises'

/** What is measured. */
export interface DiskUse {
  readonly directory: string
  /** Those who may hold files open that have no name any more. */
  readonly pids: readonly number[]
  readonly signal: AbortSignal
  /** More than this is not counted any further. */
  readonly enoughBytes: number
}

const BLOCK_BYTES = 512
// An empty file takes none of the disk's blocks, but one of its inodes, which are fewer.
const LEAST_BYTES = 4096
// The system takes paths of up to 4,096 bytes, which may be a third as many characters. Trees may go deeper.
const LONG_PATH = 1000
const MAX_HANDLES = 64

/** How much disk a script takes. Links are not followed. A tree that is too deep to be walked counts as endless. */
export async function measureDisk({ directory, pids, signal, enoughBytes }: DiskUse): Promise<number> {
  const { dev } = await lstat(directory)
  let bytes = 0
  const isEnough = (): boolean => signal.aborted || bytes > enoughBytes

  const walk = async (folder: string, handles: number): Promise<void> => {
    const folders: string[] = []
    for await (const entry of readFolder(folder)) {
      if (isEnough()) return
      const path = `${folder}/${entry.name}`
      bytes += getBytes(await lstat(path).catch(() => undefined))
      if (entry.isDirectory()) folders.push(path)
    }
    for (const path of folders) {
      if (isEnough()) return
      await enter(path, handles)
    }
  }
  const enter = async (path: string, handles: number): Promise<void> => {
    if (path.length < LONG_PATH) return walk(path, handles)
    if (handles === MAX_HANDLES) return void (bytes = Infinity)
    const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW
    const handle = await open(path, flags).catch(() => undefined)
    if (handle === undefined) return
    await walk(`/proc/self/fd/${handle.fd}`, handles + 1).finally(() => handle.close())
  }
  const addNameless = async (): Promise<void> => {
    const seen = new Set<number>()
    for (const path of pids.map((pid) => `/proc/${pid}/fd`)) {
      for (const fd of await readdir(path).catch(() => [])) {
        if (isEnough()) return
        const stats = await stat(`${path}/${fd}`).catch(() => undefined)
        if (stats?.isFile() !== true || stats.nlink > 0 || stats.dev !== dev || seen.has(stats.ino)) continue
        seen.add(stats.ino)
        bytes += getBytes(stats)
      }
    }
  }

  await walk(directory, 0)
  await addNameless()
  return bytes
}

const getBytes = (stats: Stats | undefined): number =>
  stats === undefined ? 0 : Math.max(stats.blocks * BLOCK_BYTES, LEAST_BYTES)

/** What goes away meanwhile takes no room. */
async function* readFolder(path: string): AsyncGenerator<Dirent> {
  try {
    yield* await opendir(path, { bufferSize: 256 })
  } catch {
    return
  }
}
