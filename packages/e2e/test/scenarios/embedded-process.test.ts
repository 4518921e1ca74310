import { KINDS } from '../support/worlds.js'
import { describeScenarios } from './describe-scenarios.js'

describeScenarios(KINDS.embeddedProcess, true)
