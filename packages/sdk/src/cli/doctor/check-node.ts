import { check, type Check } from './check.js'

const MINIMUM = [20, 19] as const

/** Whether this Node is new enough. */
export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isNewEnough = major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1])
  return isNewEnough
    ? check('node', 'ok', version)
    : check('node', 'fail', `${version} is too old: install Node.js ${MINIMUM.join('.')} or newer`)
}
