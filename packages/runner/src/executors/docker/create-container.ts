import type Docker from 'dockerode'
import type { Container, ContainerCreateOptions } from 'dockerode'
import { StartError } from '../executor.js'
import { LABELS } from './container-policy.js'
import { describeEngineError, isEngineStatus } from './engine-error.js'
import { removeContainer } from './remove-container.js'

/**
 * Makes a container under a name of its own. One of ours that already has the name was left by an earlier try: it goes,
 * as a container that has run is never started again.
 *
 * @throws StartError when the engine does not make it.
 */
export async function createContainer(docker: Docker, options: ContainerCreateOptions): Promise<Container> {
  try {
    return await docker.createContainer(options)
  } catch (error) {
    if (!isEngineStatus(error, 409)) throw toStartError(error)
  }
  try {
    await removeStale(docker, options)
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

async function removeStale(docker: Docker, { name = '', Labels }: ContainerCreateOptions): Promise<void> {
  const stale = docker.getContainer(name)
  const { Config } = await stale.inspect()
  if (Config.Labels[LABELS.instance] !== Labels?.[LABELS.instance])
    throw new StartError('internal', `the container ${name} is there already and belongs to someone else`)
  await removeContainer(stale)
}
