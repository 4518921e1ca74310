import type Docker from 'dockerode'
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Logger } from '../../logger.js'
import { askEngine } from './ask-engine.js'
import { LABELS } from './container-policy.js'
import { createFreezer } from './freeze.js'
import { removeContainer } from './remove-container.js'
import { removeTree } from './remove-tree.js'

/** What is looked for, and what is left alone. */
export interface SweepOptions {
  readonly connect: () => Promise<Docker>
  readonly socketPath: string
  readonly instance: string
  /** Where the directories of containers are. */
  readonly root: string
  /** Whether a container or a directory is in use. */
  readonly isOurs: (directory: string) => boolean
  readonly logger: Logger
}

const CONTROL_TARGET = '/rgrid'
const ANSWER_TIMEOUT_MS = 10_000

/** Removes the containers of an instance that nobody uses, in whatever state, and directories without a container. */
export async function sweepContainers(options: SweepOptions): Promise<void> {
  const { connect, socketPath, instance, isOurs, logger, root } = options
  const before = await readdir(root).catch(() => [])
  const filters = { label: [`${LABELS.instance}=${instance}`] }
  if (await hasContainers(socketPath, filters)) {
    const docker = await connect()
    for (const { Id, Names, Mounts } of await docker.listContainers({ all: true, filters })) {
      const source = Mounts.find(({ Destination }) => Destination === CONTROL_TARGET)?.Source
      const home = source === undefined ? undefined : dirname(source)
      if (home !== undefined && isOurs(home)) continue
      logger.info(`removing the container ${Names.join(', ')} that an earlier runner left`)
      const container = docker.getContainer(Id)
      // What is frozen cannot be killed.
      await createFreezer(container)
        .thaw()
        .catch(() => undefined)
      await removeContainer(container)
      if (home !== undefined) await removeTree(home)
    }
  }
  for (const home of before.map((name) => join(root, name))) if (!isOurs(home)) await removeTree(home)
}

/** Whether there is any container to look at: mostly not, and then the Docker client need not be loaded. */
async function hasContainers(socketPath: string, filters: object): Promise<boolean> {
  const path = `/containers/json?all=1&filters=${encodeURIComponent(JSON.stringify(filters))}`
  const { status, text } = await askEngine(socketPath, path, ANSWER_TIMEOUT_MS)
  return status !== 200 || text.trim() !== '[]'
}
