import { afterAll, beforeAll, vi } from 'vitest'
import { createRemoteEngine } from '../../../runner/test/executors/remote-engine.js'
import { hasDocker } from '../support/requirements.js'
import { KINDS } from '../support/worlds.js'
import { describeScenarios } from './describe-scenarios.js'

const engine = await createRemoteEngine()
beforeAll(() => void vi.stubEnv('DOCKER_HOST', engine.host))
afterAll(async () => {
  vi.unstubAllEnvs()
  await engine.close()
})

const kind = {
  ...KINDS.embeddedDocker,
  name: 'embedded, docker elsewhere',
  open: () => KINDS.embeddedDocker.open({ within: engine.unseen }),
}
describeScenarios(kind, await hasDocker())
