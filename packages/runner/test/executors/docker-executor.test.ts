import Docker from 'dockerode'
import { DEFAULT_SOCKET_PATH } from '../../src/executors/docker/is-engine-answering.js'
import { describeExecutor } from './executor-contract.js'
import { createTestExecutor, requireDocker } from './require-docker.js'

const docker = new Docker({ socketPath: DEFAULT_SOCKET_PATH })

describeExecutor('docker', {
  available: await requireDocker(),
  isolates: true,
  create: (instance, directory) => createTestExecutor(instance, directory),
  async countLeft(instance) {
    const filters = { label: [`rgrid.instance=${instance}`] }
    return (await docker.listContainers({ all: true, filters })).length
  },
})
