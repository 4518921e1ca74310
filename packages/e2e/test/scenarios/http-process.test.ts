import { KINDS } from '../support/worlds.js'
import { describeScenarios } from './describe-scenarios.js'

describeScenarios(KINDS.httpProcess, true)
