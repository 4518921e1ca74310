import { execFile } from 'node:child_process'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const PARALLEL = 16

/**
 * Makes a directory with all that is in it safe from a power cut. Does not follow links.
 *
 * @throws Error when something of it cannot be written to the disk.
 */
export async function flushTree(directory: string): Promise<void> {
  // The whole file system at once takes a tenth of the time that thousands of files take one by one.
  if (process.platform === 'linux' && (await hasFlushed(directory))) return
  const entries = await readdir(directory, { withFileTypes: true, recursive: true })
  const paths = entries
    .filter((entry) => entry.isFile() || entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name))
  const left = [...paths, directory]
  const flushLeft = async (): Promise<void> => {
    for (let path = left.pop(); path !== undefined; path = left.pop()) await flush(path)
  }
  await Promise.all(Array.from({ length: PARALLEL }, flushLeft))
}

/** Tries with the system's program, which not every system has, or not with this option. */
function hasFlushed(directory: string): Promise<boolean> {
  return promisify(execFile)('sync', ['-f', directory]).then(
    () => true,
    () => false,
  )
}

async function flush(path: string): Promise<void> {
  const handle = await open(path)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
