import { lchownSync, lstatSync, readdirSync, type Dirent } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as immediately } from 'node:timers/promises'

/** Who a script is inside its container, and who its files belong to on this machine. */
export interface ContainerUser {
  readonly uid: number
  readonly gid: number
  /** Whether this is another user than the runner, who has to be given the files. */
  readonly isForeign: boolean
}

const NOBODY = 65534

/** The user of the containers of this process: its own, unless that is root. */
export function getContainerUser(
  uid = process.getuid?.() ?? 0,
  gid = process.getgid?.() ?? 0,
): ContainerUser {
  if (uid === 0) return { uid: NOBODY, gid: NOBODY, isForeign: true }
  return { uid, gid, isForeign: false }
}

// So many are given away at a time, which takes no longer than handing one of them to another thread.
const BATCH = 64

/**
 * Gives a directory and all that is in it to the container's user, before a script is there. Links are given themselves,
 * never followed. A file with several names is one that executions share, and stays the runner's.
 */
export async function handOver(directory: string, { uid, gid, isForeign }: ContainerUser): Promise<void> {
  if (!isForeign) return
  let given = 0
  const give = async (path: string, entry?: Dirent): Promise<void> => {
    if (entry?.isFile() === true && lstatSync(path).nlink > 1) return
    const entries = entry?.isDirectory() === false ? [] : readdirSync(path, { withFileTypes: true })
    for (const inner of entries) await give(join(path, inner.name), inner)
    lchownSync(path, uid, gid)
    if (++given % BATCH === 0) await immediately()
  }
  await give(directory)
}
