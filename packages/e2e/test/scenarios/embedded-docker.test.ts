import { hasDocker } from '../support/requirements.js'
import { KINDS } from '../support/worlds.js'
import { describeScenarios } from './describe-scenarios.js'

describeScenarios(KINDS.embeddedDocker, await hasDocker())
