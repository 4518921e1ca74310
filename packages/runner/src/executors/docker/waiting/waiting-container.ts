import type { Container } from 'dockerode'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCgroupReader, type Look } from '../cgroup-reader.js'
import type { ContainerDirectory } from '../control-directory.js'
import { createFreezer, type Freezer } from '../freeze.js'
import { listProcesses } from '../list-processes.js'
import { removeContainer } from '../remove-container.js'
import type { Shape } from '../shape.js'
import { BOOT_SCRIPT } from './boot-script.js'
import { formatInterpreter, INTERPRETER_PATH } from './interpreter.js'
import { INTERPRETER_PROGRAM } from './interpreter-program.js'
import { makeFifos, openFifo } from './open-fifo.js'
import { readEvents, type ContainerEvents } from './read-events.js'

/** A container that has been started, with its shell. */
export interface StartedContainer {
  readonly container: Container
  readonly directory: ContainerDirectory
  readonly events: ContainerEvents
  /** Looks at its control group. */
  readonly look: Look
  /** How many processes its shell is, with the init that started it. */
  readonly shellProcesses: number
  /** The processes that are in it now. */
  listProcesses(): Promise<readonly number[]>
  /**
   * Stops all that runs in it.
   *
   * @throws when something does not stop.
   */
  freeze(): Promise<void>
  /** Lets it go on, unless it does. */
  thaw(): Promise<void>
  isFrozen(): boolean
  /** Whether its shell is there. */
  isAlive(): boolean
  /** Resolves when its shell is gone. */
  readonly gone: Promise<void>
  /** Kills whatever runs in it and removes it with its directories. Idempotent. */
  destroy(): Promise<void>
}

/** One that waits for a script. */
export interface WaitingContainer extends StartedContainer {
  readonly shape: Shape
  /** The processes that were in it before any script, where it is shared. */
  readonly own: readonly number[]
}

const READY_WITHIN_MS = 30_000
const FIFOS = ['events', 'go', 'control', 'deadline', 'wake', 'stdout', 'stderr'] as const

/** How many processes of RGrid are in a waiting container: an init, two shells, and a timer of two. */
export const OWN_PIDS = 5

/** Where a FIFO of a container is on this machine. */
export const toFifo = ({ mountDir }: ContainerDirectory, name: (typeof FIFOS)[number]): string =>
  join(mountDir, name)

/** Puts what a waiting container needs into its directory. */
export async function furnish(directory: ContainerDirectory, { interpreter }: Shape): Promise<void> {
  await makeFifos(FIFOS.map((name) => toFifo(directory, name)))
  for (const name of FIFOS) directory.give(name)
  directory.write('boot', BOOT_SCRIPT)
  if (interpreter === undefined) return
  directory.write(basename(INTERPRETER_PATH), INTERPRETER_PROGRAM)
  directory.write('interpreter', formatInterpreter(interpreter))
}

/**
 * Starts a container that was made for a furnished directory, and waits until it waits.
 *
 * @throws Error when it does not get that far; it is removed then.
 */
export async function startWaiting(
  shape: Shape,
  container: Container,
  directory: ContainerDirectory,
  hasInit: boolean,
): Promise<WaitingContainer> {
  const opened = openContainer(container, directory, hasInit)
  try {
    await container.start()
    if (!(await isReadyInTime(opened.events))) throw new Error('the container did not come up')
    return { ...opened, shape, own: shape.isShared ? await listProcesses(container) : [] }
  } catch (error) {
    await opened.destroy()
    throw error
  }
}

/** Listens to a container that is started, or is about to be. */
export function openContainer(
  container: Container,
  directory: ContainerDirectory,
  hasInit: boolean,
): StartedContainer {
  const source = openFifo(toFifo(directory, 'events'))
  const events = readEvents(source)
  let isOver = false
  void events.ended.then(() => (isOver = true))
  let freezer: Freezer | undefined
  let isFrozen = false
  const thaw = async (): Promise<void> => {
    if (isFrozen) await freezer?.thaw()
    isFrozen = false
  }
  let destroyed: Promise<void> | undefined
  const destroy = async (): Promise<void> => {
    isOver = true
    // Not every engine can kill what is frozen.
    await thaw().catch(() => undefined)
    await removeContainer(container)
    source.destroy()
    await directory.remove()
  }
  return {
    container,
    directory,
    events,
    look: createCgroupReader(container.id),
    shellProcesses: hasInit ? 2 : 1,
    listProcesses: () => listProcesses(container),
    async freeze() {
      // Only once it has been started there is something to look for.
      freezer ??= createFreezer(container)
      await freezer.freeze()
      isFrozen = true
    },
    thaw,
    isFrozen: () => isFrozen,
    isAlive: () => !isOver,
    gone: events.ended,
    destroy: () => (destroyed ??= destroy()),
  }
}

async function isReadyInTime(events: ContainerEvents): Promise<boolean> {
  const over = new AbortController()
  try {
    const late = sleep(READY_WITHIN_MS, false, { signal: over.signal }).catch(() => false)
    return await Promise.race([events.nextReady(), late])
  } finally {
    over.abort()
  }
}
