import { chmod } from 'node:fs/promises'
import type { Launch, Place, Running } from '../../executor.js'
import { handOver, type ContainerUser } from '../container-user.js'
import type { EngineWatch } from '../engine-watch.js'
import { toEnvironment } from '../environment.js'
import type { LaunchScript } from '../launch-script.js'
import { readProcesses } from '../list-processes.js'
import { emptyFew } from '../remove-tree.js'
import { limitDisk } from '../watch-disk.js'
import type { ContainerPool, Taken } from './container-pool.js'
import { launchWaiting } from './launch-waiting.js'
import type { WaitingContainer } from './waiting-container.js'

/** What a place in a waiting container needs of its executor. */
export interface WaitingPlaceContext {
  readonly pool: ContainerPool<WaitingContainer>
  readonly user: ContainerUser
  readonly engine: EngineWatch
  /** What the container is called from now on, for people who look at the engine. */
  readonly name: string
  readonly complete: (launch: Launch) => LaunchScript
}

// Long enough that the engine is not asked on behalf of scripts that are over in a moment.
const RENAME_AFTER_MS = 1_000
const WORK_MODE = 0o700

/** Makes a place of a container that was waiting, or has been started for it. */
export function createWaitingPlace(
  context: WaitingPlaceContext,
  { item, wasWaiting }: Taken<WaitingContainer>,
): Place {
  const { pool, user, engine, complete, name } = context
  const { shape, container, directory } = item
  const { workDir } = directory
  // Not every one that has run a script before was waiting: it may have come back to who waited.
  const hasRunBefore = item.isFrozen()
  let canGoOn = false
  let renameTimer: NodeJS.Timeout | undefined

  const launch = async (given: Launch): Promise<Running> => {
    await handOver(workDir, user)
    await item.thaw()
    return launchWaiting(item, {
      script: complete(given),
      engine,
      onGoodEnd: () => (canGoOn = true),
    })
  }

  return {
    workDir,
    container: hasRunBefore ? 'shared' : wasWaiting ? 'warm' : 'cold',
    environment: toEnvironment(shape.image.id),
    canShareInputs: user.isForeign,
    async start(given) {
      const running = await launch(given)
      renameTimer = setTimeout(() => void container.rename({ name }).catch(() => undefined), RENAME_AFTER_MS)
      renameTimer.unref()
      const { diskMib: limitMib } = shape.resources
      const listProcesses = () => readProcesses(container.id)
      return limitDisk(running, { directory: workDir, limitMib, inputBytes: given.inputBytes, listProcesses })
    },
    async remove() {
      clearTimeout(renameTimer)
      pool.noteEnd()
      // Only what holds still can be emptied from outside without being led astray.
      if (!canGoOn || !item.isAlive() || !(await emptyFew(workDir))) return item.destroy()
      // A script owns the directory, and may have locked it.
      await chmod(workDir, WORK_MODE)
      return pool.giveBack(item)
    },
  }
}
