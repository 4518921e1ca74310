import type Docker from 'dockerode'
import type { Container } from 'dockerode'
import { StartError, type Launch } from '../executor.js'
import { createContainerOptions, LABELS, toContainerName, type ContainerSetup } from './container-policy.js'
import { describeEngineError, isEngineStatus } from './engine-error.js'
import { removeContainer } from './remove-container.js'

/**
 * Makes the container of a launch. One of ours that already has its name was left by an earlier try: it goes, as a
 * container that has run is never started again.
 *
 * @throws StartError when the engine does not make it.
 */
export async function createContainer(
  docker: Docker,
  launch: Launch,
  setup: ContainerSetup,
): Promise<Container> {
  const options = createContainerOptions(launch, setup)
  try {
    return await docker.createContainer(options)
  } catch (error) {
    if (isEngineStatus(error, 404)) throw toMissingImage(launch, setup.image, error)
    if (!isEngineStatus(error, 409)) throw toStartError(error)
  }
  try {
    await removeStale(docker, toContainerName(launch), setup.instance)
    return await docker.createContainer(options)
  } catch (error) {
    throw toStartError(error)
  }
}

/** Puts the engine's refusal into words. */
export function toStartError(error: unknown): StartError {
  if (error instanceof StartError) return error
  const message = `the Docker engine did not start the script: ${describeEngineError(error)}`
  return new StartError('internal', message, { cause: error })
}

function toMissingImage({ runtime }: Launch, image: string, cause: unknown): StartError {
  const message = `the image ${image} of the runtime ${runtime} is not on this machine: run "docker pull ${image}"`
  return new StartError('image_pull', message, { cause })
}

async function removeStale(docker: Docker, name: string, instance: string): Promise<void> {
  const stale = docker.getContainer(name)
  const { Config } = await stale.inspect()
  if (Config.Labels[LABELS.instance] !== instance)
    throw new StartError('internal', `the container ${name} is there already and belongs to someone else`)
  await removeContainer(stale)
}
