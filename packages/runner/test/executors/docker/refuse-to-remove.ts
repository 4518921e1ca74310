import type Docker from 'dockerode'
import { vi } from 'vitest'

/** Lets the engine refuse to remove a container, until the returned function is called. */
export function refuseToRemove(docker: Docker, refused: string): () => void {
  const getContainer = docker.getContainer.bind(docker)
  const spy = vi.spyOn(docker, 'getContainer').mockImplementation((id) => {
    const container = getContainer(id)
    const error = Object.assign(new Error('(HTTP code 500)'), {
      statusCode: 500,
      json: { message: 'driver "overlay2" failed:\ndevice or resource busy' },
    })
    if (id === refused) container.remove = () => Promise.reject(error)
    return container
  })
  return () => spy.mockRestore()
}
