import { findPathFault } from '@rgrid/protocol'

// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const NOT_ON_WINDOWS = /[<>:"|?*\u0000-\u001f]|[. ]$|^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i

/**
 * Says why a file of a workspace cannot have its name on this machine, or `undefined` when it can.
 *
 * @param platform - of this machine
 */
export function findNameFault(
  path: string,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  const fault = findPathFault(path)
  if (fault !== undefined) return fault
  const parts = path.split('/')
  // The configuration in it decides where scripts and keys are sent, so no script may write it.
  if (parts[0]?.toLowerCase() === '.rgrid') return 'is kept for RGrid'
  if (platform === 'win32' && parts.some((part) => NOT_ON_WINDOWS.test(part)))
    return 'has a name that Windows does not take'
  return undefined
}
