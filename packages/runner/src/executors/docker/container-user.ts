import { lchown, readdir } from 'node:fs/promises'
import { join } from 'node:path'

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

/** Gives a directory and all that is in it to the container's user. Links are given themselves, never followed. */
export async function handOver(directory: string, { uid, gid, isForeign }: ContainerUser): Promise<void> {
  if (!isForeign) return
  const give = async (path: string, isDirectory: boolean): Promise<void> => {
    const entries = isDirectory ? await readdir(path, { withFileTypes: true }) : []
    await Promise.all(entries.map((entry) => give(join(path, entry.name), entry.isDirectory())))
    await lchown(path, uid, gid)
  }
  await give(directory, true)
}
