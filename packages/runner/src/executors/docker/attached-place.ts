import { join } from 'node:path'
import type { Launch, Place, PlaceRequest, Running } from '../executor.js'
import { createContainerOptions, LABELS } from './container-policy.js'
import { handOver } from './container-user.js'
import { createContainerDirectory } from './control-directory.js'
import { createContainer, toStartError } from './create-container.js'
import { toEnvironment } from './environment.js'
import type { LaunchScript } from './launch-script.js'
import { readProcesses } from './list-processes.js'
import { prepareLaunch } from './prepare-launch.js'
import { removeContainer } from './remove-container.js'
import type { Shape } from './shape.js'
import { startContainer } from './start-container.js'
import type { ContainerContext } from './waiting/create-waiting-container.js'
import { limitDisk } from './watch-disk.js'

/** What a place of this kind needs of its executor. */
export interface AttachedPlaceContext extends ContainerContext {
  readonly complete: (launch: Launch) => LaunchScript
}

/** An init, and a timer of two. */
export const ATTACHED_PIDS = 3

/** The name of the container of an attempt: the engine refuses to make the same one twice. */
export const toContainerName = ({ executionId, attempt }: PlaceRequest): string =>
  `rgrid-${executionId}-${attempt}`

/** The labels of the container of an attempt. */
export const createLabels = (instance: string, { executionId, attempt }: PlaceRequest) => ({
  [LABELS.instance]: instance,
  [LABELS.execution]: executionId,
  [LABELS.attempt]: String(attempt),
})

/**
 * Makes a place whose container is started with the script: for images without a shell, and for engines that share no
 * FIFO with this process. Output comes through the engine.
 */
export async function createAttachedPlace(
  { docker, instance, root, homes, complete, ...setup }: AttachedPlaceContext,
  request: PlaceRequest,
  shape: Shape,
): Promise<Place> {
  const name = toContainerName(request)
  const directory = await createContainerDirectory(join(root, name), setup.user, homes)
  const { workDir, mountDir } = directory
  const undo = [(): Promise<void> => directory.remove()]
  let id = ''
  const launch = async (given: Launch): Promise<Running> => {
    await handOver(workDir, setup.user)
    const { hasInit } = setup
    const { file, text, entrypoint, deadlineMs } = prepareLaunch(given, {
      image: shape.image,
      hasInit,
      complete,
    })
    directory.write(file, text)
    const labels = createLabels(instance, request)
    const own = { ...setup, name, labels, entrypoint, workDir, mountDir, ownPids: ATTACHED_PIDS }
    const container = await createContainer(docker, createContainerOptions(shape, own))
    undo.push(() => removeContainer(container))
    id = container.id
    const { memoryMib } = shape.resources
    await given.mayStart
    return startContainer(container, { memoryMib, deadlineMs })
  }
  return {
    workDir,
    container: 'cold',
    environment: toEnvironment(shape.image.id),
    canShareInputs: setup.user.isForeign,
    async start(given) {
      try {
        const running = await launch(given)
        const { diskMib: limitMib } = shape.resources
        const listProcesses = () => readProcesses(id)
        return limitDisk(running, {
          directory: workDir,
          limitMib,
          inputBytes: given.inputBytes,
          listProcesses,
        })
      } catch (error) {
        throw toStartError(error)
      }
    },
    async remove() {
      for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step()
    },
  }
}
