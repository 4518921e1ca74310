import type Docker from 'dockerode'
import type { Container } from 'dockerode'
import type { StartedScript } from './contract/start-script.js'

/** Finds the container that a script runs in, by the directory that it has there. */
export async function findContainer(docker: Docker, { workDir }: StartedScript): Promise<Container> {
  const all = await docker.listContainers({ all: true, filters: { label: ['rgrid.instance'] } })
  const found = all.find(({ Mounts }) => Mounts.some(({ Source }) => Source === workDir))
  if (found === undefined) throw new Error(`no container has ${workDir}`)
  return docker.getContainer(found.Id)
}
