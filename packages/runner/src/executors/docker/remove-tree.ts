import { execFile } from 'node:child_process'
import { opendir, rmdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)
// Beyond this another program does it, so that nothing else waits for the files of one script.
const FEW = 2_000

/**
 * Removes what a script has left, whatever it is: a million files, paths that are longer than a path may be, folders
 * that are locked. Links are removed, not followed.
 */
export async function removeTree(directory: string): Promise<void> {
  if (await emptyFew(directory)) return rmdir(directory)
  await execute('rm', ['-rf', '--', directory]).catch(async () => {
    // The scripts of a runner that is not root run as the same user, and may lock even that one out.
    await execute('chmod', ['-R', 'u+rwx', '--', directory]).catch(() => undefined)
    await execute('rm', ['-rf', '--', directory])
  })
}

/**
 * Empties a directory that holds only a few things.
 *
 * @returns `false` when it does not, or not all of it could be removed.
 */
export async function emptyFew(directory: string): Promise<boolean> {
  const room = { left: FEW }
  const empty = async (folder: string): Promise<boolean> => {
    const entries = []
    for await (const entry of await opendir(folder)) {
      if (room.left-- <= 0) return false
      entries.push(entry)
    }
    for (const entry of entries) {
      const path = join(folder, entry.name)
      if (!entry.isDirectory()) await unlink(path)
      else if (!(await empty(path))) return false
      else await rmdir(path)
    }
    return true
  }
  return empty(directory).catch(() => false)
}
