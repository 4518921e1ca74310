import { chown, mkdir, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Launch } from '../executor.js'
import { formatLaunchScript } from './launch-script.js'
import type { ContainerUser } from './container-user.js'

/** What the runner hands to one container, beside the workspace: read-only there, and out of reach for other users. */
export interface ControlDirectory {
  /** The part that the container sees. */
  readonly mountDir: string
  remove(): Promise<void>
}

const HOSTNAME_LINES = '127.0.0.1\tlocalhost rgrid\n::1\tlocalhost ip6-localhost rgrid\n'

/** Makes the control directory of a launch, next to its workspace. */
export async function createControlDirectory(launch: Launch, user: ContainerUser): Promise<ControlDirectory> {
  const home = join(dirname(launch.workDir), `${basename(launch.workDir)}.control`)
  const mountDir = join(home, 'rgrid')
  const remove = (): Promise<void> => rm(home, { recursive: true, force: true })
  const files = {
    launch: formatLaunchScript(launch),
    hosts: HOSTNAME_LINES,
    // No name server: a lookup fails at once in place of waiting for one.
    'resolv.conf': '',
  }
  try {
    await remove()
    await mkdir(home, { mode: 0o700 })
    await mkdir(mountDir, { mode: 0o700 })
    for (const [name, text] of Object.entries(files)) {
      const file = join(mountDir, name)
      await writeFile(file, text, { mode: 0o400 })
      if (user.isForeign) await chown(file, user.uid, user.gid)
    }
    if (user.isForeign) await chown(mountDir, user.uid, user.gid)
    return { mountDir, remove }
  } catch (error) {
    await remove()
    throw error
  }
}
