import type { Container } from 'dockerode'
import { join } from 'node:path'
import type { Launch, Place, PlaceRequest, Running } from '../../executor.js'
import { ATTACHED_PIDS, createLabels, toContainerName, type AttachedPlaceContext } from '../attached-place.js'
import { createContainerOptions, LABELS } from '../container-policy.js'
import { createContainerDirectory, type ContainerDirectory } from '../control-directory.js'
import { createContainer, toStartError } from '../create-container.js'
import { toEnvironment } from '../environment.js'
import { prepareLaunch } from '../prepare-launch.js'
import { removeContainer } from '../remove-container.js'
import type { Shape } from '../shape.js'
import { startContainer } from '../start-container.js'
import { limitUse } from '../watch-disk.js'
import { fetchFiles } from './fetch-files.js'
import { createPlaceVolumes } from './place-volumes.js'
import { createCarrier, sendFiles } from './send-files.js'
import type { VolumeMeter } from './volume-meter.js'

/** What a place of this kind needs of its executor. */
export interface ArchivePlaceContext extends AttachedPlaceContext {
  readonly meter: VolumeMeter
}

type Undo = (() => Promise<void>)[]

const MIB = 1024 * 1024
// A look makes the engine walk through all of its volumes.
const INTERVAL_MS = 5_000
const MAX_INTERVAL_MS = 60_000

/**
 * Makes a place on an engine that sees no directory of this machine. The script's files go there as an archive before
 * its start, into volumes, and come back as one after its end. Otherwise it is like an attached place.
 */
export async function createArchivePlace(
  context: ArchivePlaceContext,
  request: PlaceRequest,
  shape: Shape,
): Promise<Place> {
  const undo: Undo = []
  const remove = async (): Promise<void> => {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step()
  }
  try {
    return { ...(await furnish(context, request, shape, undo)), remove }
  } catch (error) {
    await remove()
    throw error
  }
}

async function furnish(
  { docker, instance, root, homes, complete, meter, ...setup }: ArchivePlaceContext,
  request: PlaceRequest,
  shape: Shape,
  undo: Undo,
): Promise<Omit<Place, 'remove'>> {
  const { image, resources } = shape
  const name = toContainerName(request)
  const labels = { ...createLabels(instance, request), [LABELS.place]: name }
  const directory = await createContainerDirectory(join(root, name), setup.user, homes)
  undo.push(() => directory.remove())
  const volumes = await createPlaceVolumes(docker, labels)
  undo.push(() => volumes.remove())
  const files = { name, labels, imageId: image.id, directory, volumes, user: setup.user }
  const carrier = await createCarrier(docker, files)
  undo.push(() => removeContainer(carrier))
  let container: Container | undefined
  let enoughBytes = resources.diskMib * MIB

  const launch = async (given: Launch): Promise<Running> => {
    const { file, text, entrypoint, deadlineMs } = prepareLaunch(given, { ...setup, image, complete })
    directory.write(file, text)
    await sendFiles(carrier, files)
    const seen = { workDir: volumes.work, mountDir: volumes.control, areVolumes: true }
    const own = { ...setup, ...seen, name, labels, entrypoint, ownPids: ATTACHED_PIDS }
    container = await createContainer(docker, createContainerOptions(shape, own))
    const made = container
    undo.push(() => removeContainer(made))
    enoughBytes += given.inputBytes
    await given.mayStart
    return startContainer(container, { memoryMib: resources.memoryMib, deadlineMs })
  }

  return {
    workDir: directory.workDir,
    container: 'cold',
    environment: toEnvironment(image.id),
    async start(given) {
      try {
        return limitUse(await launch(given), {
          limitMib: resources.diskMib,
          inputBytes: given.inputBytes,
          measure: () => meter.measure(volumes.work),
          intervalMs: INTERVAL_MS,
          maxIntervalMs: MAX_INTERVAL_MS,
        })
      } catch (error) {
        throw toStartError(error)
      }
    },
    bringFiles: (skip, isWanted) =>
      fetchFiles(container, { directory, sentDir: getSentDir(directory), enoughBytes, skip, isWanted }),
  }
}

const getSentDir = ({ workDir }: ContainerDirectory): string => `${workDir}.sent`
