import { StartError, type Launch, type PlaceRequest } from '../executor.js'
import type { RuntimeEntry } from '../runtimes/runtime-table.js'
import { getBaseEnv, withLayer } from './base-env.js'
import { findCommand } from './images/find-command.js'
import type { PreparedImage } from './images/prepared-image.js'
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
  const command = withLayer(found, layer)
  const baseEnv = getBaseEnv(image, layer)
  return (launch) => ({ ...launch, executionId, attempt, baseEnv, command })
}
