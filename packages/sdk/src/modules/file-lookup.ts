import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'

/** Looks paths up, each of them once. */
export interface FileLookup {
  /** What is there, links followed; `undefined` for nothing that can be reached. */
  find(path: string): Promise<Stats | undefined>
  isFile(path: string): Promise<boolean>
  isFolder(path: string): Promise<boolean>
}

/** Makes a {@link FileLookup} that lasts as long as one search. */
export function createFileLookup(): FileLookup {
  const known = new Map<string, Promise<Stats | undefined>>()
  const find: FileLookup['find'] = (path) => {
    const before = known.get(path)
    if (before !== undefined) return before
    const found = stat(path).catch(() => undefined)
    known.set(path, found)
    return found
  }
  return {
    find,
    isFile: async (path) => (await find(path))?.isFile() === true,
    isFolder: async (path) => (await find(path))?.isDirectory() === true,
  }
}
