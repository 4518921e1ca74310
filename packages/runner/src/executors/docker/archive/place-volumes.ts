import type Docker from 'dockerode'
import { randomBytes } from 'node:crypto'
import { removeVolume } from './remove-volume.js'

/** The volumes of one container, in place of directories of this machine. */
export interface PlaceVolumes {
  /** What it sees at `/work`. */
  readonly work: string
  /** What it sees at `/rgrid`. */
  readonly control: string
  remove(): Promise<void>
}

/**
 * Makes the volumes of a container. On the engine's disk, not in its memory: what is in memory is gone when the
 * container ends.
 */
export async function createPlaceVolumes(
  docker: Docker,
  labels: Readonly<Record<string, string>>,
): Promise<PlaceVolumes> {
  // An engine gives whoever asks for a name the volume that has it already, with all that is in it.
  const id = randomBytes(12).toString('hex')
  const [work, control] = [`rgrid-${id}-work`, `rgrid-${id}-control`]
  const volumes = {
    work,
    control,
    async remove() {
      for (const name of [work, control]) await removeVolume(docker, name)
    },
  }
  try {
    for (const name of [work, control]) await docker.createVolume({ Name: name, Labels: { ...labels } })
    return volumes
  } catch (error) {
    await volumes.remove()
    throw error
  }
}
