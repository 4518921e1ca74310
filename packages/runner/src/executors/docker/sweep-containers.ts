import type Docker from 'dockerode'
import type { ContainerInfo } from 'dockerode'
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Logger } from '../../logger.js'
import { LABELS } from './container-policy.js'
import type { EngineAddress } from './engine-address.js'
import { describeEngineError } from './engine-error.js'
import { removeLeft } from './remove-left.js'
import { removeTree } from './remove-tree.js'

/** What is looked for, and what is left alone. */
export interface SweepOptions {
  readonly connect: () => Promise<Docker>
  readonly address: EngineAddress
  readonly instance: string
  /** Where the directories of containers are. */
  readonly root: string
  /** Whether a container or a directory is in use. */
  readonly isOurs: (directory: string) => boolean
  readonly logger: Logger
}

const CONTROL_TARGET = '/rgrid'
const PLACE_NAME = /^rgrid-[\w-]+$/

/**
 * Removes the containers of an instance that nobody uses, in whatever state, and directories without a container. What
 * cannot be removed is told of, and stays for the next sweep.
 *
 * @returns whether nothing stays.
 *
 * @throws Error when the engine does not say which containers there are.
 */
export async function sweepContainers(options: SweepOptions): Promise<boolean> {
  const { connect, address, instance, isOurs, logger, root } = options
  const before = await readdir(root).catch(() => [])
  const isInUse = (container: ContainerInfo): boolean => {
    const home = getHome(container, root)
    return home !== undefined && isOurs(home)
  }
  const label = `${LABELS.instance}=${instance}`
  const { removed, staying } = await removeLeft({ connect, address, label, isInUse, logger })
  const kept = new Set(staying.map((container) => getHome(container, root)))
  const homes = new Set([
    ...removed.map((container) => getHome(container, root)),
    ...before.map((name) => join(root, name)),
  ])
  let isDone = staying.length === 0
  for (const home of homes) {
    if (home === undefined || kept.has(home) || isOurs(home)) continue
    try {
      await removeTree(home)
    } catch (error) {
      logger.warn(`the directory ${home} that an earlier runner left stays: ${describeEngineError(error)}`)
      isDone = false
    }
  }
  return isDone
}

/** The directory of a container: it sees a part of it, or has its name as a label where it sees volumes; `undefined` where it has none. */
export function getHome({ Mounts, Labels }: ContainerInfo, root: string): string | undefined {
  const place = Labels[LABELS.place]
  // Nothing beside or above the directories of places is ever removed, whatever a label says.
  if (place !== undefined) return PLACE_NAME.test(place) ? join(root, place) : undefined
  const mount = Mounts.find(({ Destination }) => Destination === CONTROL_TARGET)
  return mount?.Type === 'bind' ? dirname(mount.Source) : undefined
}
