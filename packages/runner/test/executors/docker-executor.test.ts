import Docker from 'dockerode'
import { createDockerExecutor } from '../../src/executors/docker-executor.js'
import { DEFAULT_SOCKET_PATH } from '../../src/executors/docker/is-engine-answering.js'
import { describeExecutor } from './executor-contract.js'
import { requireDocker, TEST_IMAGES } from './require-docker.js'

const docker = new Docker({ socketPath: DEFAULT_SOCKET_PATH })

describeExecutor('docker', {
  available: await requireDocker(),
  isolates: true,
  create: (instance) => createDockerExecutor({ instance, images: TEST_IMAGES }),
  async countLeft(instance) {
    const filters = { label: [`rgrid.instance=${instance}`] }
    return (await docker.listContainers({ all: true, filters })).length
  },
})
