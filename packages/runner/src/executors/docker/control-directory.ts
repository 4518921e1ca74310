import { chownSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ContainerUser } from './container-user.js'
import { removeTree } from './remove-tree.js'

/** The directories of one container on this machine: out of reach for other users. */
export interface ContainerDirectory {
  /** What it sees at `/work`. */
  readonly workDir: string
  /** What the runner hands to it, read-only, at `/rgrid`. */
  readonly mountDir: string
  /** Puts a small file into {@link ContainerDirectory.mountDir}, at once: a start of a script waits for it. */
  write(name: string, text: string): void
  /** Gives files in {@link ContainerDirectory.mountDir} that are there already to the container's user. */
  give(name: string): void
  /** Notes what a runner has to know that finds the container after this one was killed; out of the container's reach. */
  note(text: string): void
  remove(): Promise<void>
}

const NOTE = 'note.json'
const HOSTS = '127.0.0.1\tlocalhost rgrid\n::1\tlocalhost ip6-localhost rgrid\n'

/** Makes the directories of a container at `home`, which must not be there yet, and is in `homes` as long as it is. */
export async function createContainerDirectory(
  home: string,
  user: ContainerUser,
  homes: Set<string>,
): Promise<ContainerDirectory> {
  const directory = openContainerDirectory(home, user, homes)
  const { mountDir, workDir } = directory
  homes.add(home)
  try {
    await mkdir(home, { mode: 0o700, recursive: true })
    for (const path of [mountDir, workDir]) {
      await mkdir(path, { mode: 0o700 })
      if (user.isForeign) chownSync(path, user.uid, user.gid)
    }
    directory.write('hosts', HOSTS)
    // No name server: a lookup fails at once in place of waiting for one.
    directory.write('resolv.conf', '')
    return directory
  } catch (error) {
    await directory.remove()
    throw error
  }
}

/** Opens the directories of a container that are there already. Who uses them says so in `homes`. */
export function openContainerDirectory(
  home: string,
  user: ContainerUser,
  homes: Set<string>,
): ContainerDirectory {
  const mountDir = join(home, 'rgrid')
  const own = (path: string): void => {
    if (user.isForeign) chownSync(path, user.uid, user.gid)
  }
  return {
    workDir: join(home, 'work'),
    mountDir,
    write(name, text) {
      const path = join(mountDir, name)
      // Never written over: what reads the old one goes on reading it.
      rmSync(path, { force: true })
      writeFileSync(path, text, { mode: 0o400, flag: 'wx' })
      own(path)
    },
    give: (name) => own(join(mountDir, name)),
    note(text) {
      const path = join(home, NOTE)
      writeFileSync(`${path}.new`, text, { mode: 0o600 })
      renameSync(`${path}.new`, path)
    },
    async remove() {
      await removeTree(home)
      homes.delete(home)
    },
  }
}

/** Reads what was noted of a container; `undefined` when nothing was. */
export async function readNote(home: string): Promise<string | undefined> {
  try {
    return await readFile(join(home, NOTE), 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
