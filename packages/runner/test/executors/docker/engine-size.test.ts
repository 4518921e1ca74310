import { availableParallelism, totalmem } from 'node:os'
import { describe, expect, it } from 'vitest'
import { readEngineSize } from '../../../src/executors/docker/engine-size.js'
import { DEFAULT_SOCKET_PATH } from '../../../src/executors/docker/is-engine-answering.js'
import { requireDocker } from '../require-docker.js'

describe.skipIf(!(await requireDocker()))('readEngineSize', () => {
  it('is what this machine has, of an engine on it', async () => {
    expect(await readEngineSize({ socketPath: DEFAULT_SOCKET_PATH })).toEqual({
      cpus: availableParallelism(),
      memoryMib: Math.floor(totalmem() / 1024 / 1024),
    })
  })
})
