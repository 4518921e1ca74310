import type Docker from 'dockerode'
import type { ContainerInfo } from 'dockerode'
import type { Logger } from '../../logger.js'
import { askEngine } from './ask-engine.js'
import type { EngineAddress } from './engine-address.js'
import { describeEngineError } from './engine-error.js'
import { createFreezer } from './freeze.js'
import { removeContainer } from './remove-container.js'

/** Which containers are to go. */
export interface LeftContainers {
  readonly connect: () => Promise<Docker>
  /** Where given, the engine is asked first whether there is anything, as the Docker client is heavy to load. */
  readonly address?: EngineAddress | undefined
  /** A label and its value, as in `rgrid.instance=1`. */
  readonly label: string
  readonly isInUse: (container: ContainerInfo) => boolean
  readonly logger: Logger
}

/** What became of them. */
export interface Removal {
  readonly removed: readonly ContainerInfo[]
  /** Those that the engine does not remove. */
  readonly staying: readonly ContainerInfo[]
}

const ANSWER_TIMEOUT_MS = 10_000

/**
 * Removes the containers with a label that nobody uses, in whatever state. One that cannot be removed is told of and
 * does not hold up the others.
 *
 * @throws Error when the engine does not say which there are.
 */
export async function removeLeft(left: LeftContainers): Promise<Removal> {
  const { connect, address, label, isInUse, logger } = left
  const filters = { label: [label] }
  const removed: ContainerInfo[] = []
  const staying: ContainerInfo[] = []
  if (address !== undefined && !(await hasContainers(address, filters))) return { removed, staying }
  const docker = await connect()
  const found = await docker.listContainers({ all: true, filters })
  for (const info of found.filter((each) => !isInUse(each))) {
    const name = info.Names.join(', ')
    logger.info(`removing the container ${name} that an earlier runner left`)
    try {
      await removeOne(docker, info)
      removed.push(info)
    } catch (error) {
      logger.warn(`the container ${name} that an earlier runner left stays: ${describeEngineError(error)}`)
      staying.push(info)
    }
  }
  return { removed, staying }
}

async function removeOne(docker: Docker, { Id }: ContainerInfo): Promise<void> {
  const container = docker.getContainer(Id)
  // What is frozen cannot be killed.
  await createFreezer(container)
    .thaw()
    .catch(() => undefined)
  await removeContainer(container)
}

async function hasContainers(address: EngineAddress, filters: object): Promise<boolean> {
  const path = `/containers/json?all=1&filters=${encodeURIComponent(JSON.stringify(filters))}`
  const { status, text } = await askEngine(address, path, ANSWER_TIMEOUT_MS)
  return status !== 200 || text.trim() !== '[]'
}
