import { getContainerUse } from '../../dependencies/layer-use.js'
import { StartError, type Launch, type PlaceRequest } from '../executor.js'
import { PYCACHE_TARGET } from './container-policy.js'
import type { PreparedImage } from './images/prepared-image.js'
import { findCommand, type RuntimeEntry } from './images/runtime-table.js'
import type { LaunchScript } from './launch-script.js'

/**
 * Says how a launch is filled up with what the image and the dependencies add to it.
 *
 * @throws StartError when the image has no program for the runtime.
 */
export function completeLaunch(
  { runtime, executionId, attempt, layer }: PlaceRequest,
  entry: RuntimeEntry,
  image: PreparedImage,
): (launch: Launch) => LaunchScript {
  const found = findCommand(entry, image)
  if (found === undefined) {
    const [program = ''] = entry.command
    throw new StartError(
      'internal',
      `the image ${image.name} has no ${program} to run ${runtime} scripts with`,
    )
  }
  const use = layer === undefined ? undefined : getContainerUse(layer)
  const command = use?.program === undefined ? found : [use.program, ...found.slice(1)]
  const baseEnv = {
    // The root file system is read-only, and the container's user has no home in it.
    HOME: '/tmp',
    // Python would hold back what it prints to a pipe until it ends.
    PYTHONUNBUFFERED: '1',
    ...(image.pycacheDirectory === null ? {} : { PYTHONPYCACHEPREFIX: PYCACHE_TARGET }),
  }
  const path = [...(use?.pathFolders ?? []), image.env['PATH']].join(':')
  return (launch) => ({ ...launch, executionId, attempt, baseEnv: { ...baseEnv, PATH: path }, command })
}
