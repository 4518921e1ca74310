import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

const BLOCK_BYTES = 512

/** How much of the disk a directory takes; files that go meanwhile count as nothing, and hard links once. */
export async function measureDirectory(directory: string, seen: Set<number> = new Set()): Promise<number> {
  let bytes = 0
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) bytes += await measureDirectory(path, seen)
    const stats = await lstat(path).catch(() => undefined)
    if (stats === undefined || seen.has(stats.ino)) continue
    if (stats.nlink > 1 && !entry.isDirectory()) seen.add(stats.ino)
    bytes += stats.blocks * BLOCK_BYTES
  }
  return bytes
}
