import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { createContainerOptions, LABELS } from '../container-policy.js'
import type { ContainerUser } from '../container-user.js'
import { createContainerDirectory } from '../control-directory.js'
import type { Shape } from '../shape.js'
import { furnish, OWN_PIDS, startWaiting, type WaitingContainer } from './waiting-container.js'

/** What containers are made with, whatever their shape. */
export interface ContainerContext {
  readonly docker: Docker
  readonly instance: string
  readonly user: ContainerUser
  readonly hasInit: boolean
  readonly engineRuntime: string | undefined
  /** Where the directories of containers are. */
  readonly root: string
  /** The directories in there that are in use. */
  readonly homes: Set<string>
}

/**
 * Makes a container that waits for a script.
 *
 * @throws what the engine says; nothing is left then.
 */
export async function createWaitingContainer(
  shape: Shape,
  { docker, instance, root, homes, ...setup }: ContainerContext,
): Promise<WaitingContainer> {
  const id = randomBytes(6).toString('hex')
  const directory = await createContainerDirectory(join(root, id), setup.user, homes)
  try {
    await furnish(directory, shape)
    const container = await docker.createContainer(
      createContainerOptions(shape, {
        ...setup,
        name: `rgrid-waiting-${id}`,
        labels: { [LABELS.instance]: instance },
        entrypoint: ['/bin/sh', '/rgrid/boot', ...(shape.isShared ? ['shared'] : [])],
        workDir: directory.workDir,
        mountDir: directory.mountDir,
        ownPids: OWN_PIDS,
      }),
    )
    return await startWaiting(shape, container, directory, setup.hasInit)
  } catch (error) {
    await directory.remove()
    throw error
  }
}
