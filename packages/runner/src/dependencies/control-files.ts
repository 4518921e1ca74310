import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { handOver, type ContainerUser } from '../executors/docker/container-user.js'
import { copyNamedFiles, type InstallEnv } from './install-env.js'
import { formatInstallScript, type InstallPaths } from './install-script.js'
import type { Specification } from './specification.js'

/** What an installer is given. */
export interface ControlRequest {
  readonly specification: Specification
  readonly env: InstallEnv
  readonly paths: InstallPaths
  /** Whom it runs as, where that is another user than the runner. */
  readonly user: ContainerUser | undefined
  /** Where the installer sees the directory; files that its environment names are copied for it if this is set. */
  readonly target: string | undefined
}

/** Writes the install script, and the files that it reads, into a directory that only the installer can look into. */
export async function writeControlFiles(directory: string, request: ControlRequest): Promise<void> {
  const { specification, paths, user, target } = request
  await mkdir(directory, { mode: 0o700 })
  const spec = join(directory, 'spec')
  await mkdir(spec)
  for (const [path, bytes] of specification.files) {
    await mkdir(dirname(join(spec, path)), { recursive: true })
    await writeFile(join(spec, path), bytes, { mode: 0o444 })
  }
  const env =
    target === undefined
      ? request.env
      : await copyNamedFiles(request.env, {
          directory,
          target,
          owner: user?.isForeign === true ? user : undefined,
        })
  await writeFile(join(directory, 'install'), formatInstallScript(specification, paths, env), { mode: 0o400 })
  if (user !== undefined) await handOver(directory, user)
}
