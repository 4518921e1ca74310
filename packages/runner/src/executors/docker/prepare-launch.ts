import type { Launch } from '../executor.js'
import { formatDeadline } from './deadline-script.js'
import type { PreparedImage } from './images/prepared-image.js'
import { formatLaunchProgram } from './launch-program.js'
import { formatLaunchScript, type LaunchScript } from './launch-script.js'

/** What a container starts with that is made for one script. */
export interface PreparedLaunch {
  /** The name and text of a file in `/rgrid`. */
  readonly file: string
  readonly text: string
  readonly entrypoint: readonly string[]
  /** When the container itself kills what runs in it; `undefined` where it cannot. */
  readonly deadlineMs: number | undefined
}

/** What a launch is prepared for. */
export interface LaunchContext {
  readonly image: PreparedImage
  readonly hasInit: boolean
  readonly complete: (launch: Launch) => LaunchScript
}

/**
 * Says how a container becomes a script. It keeps the deadline itself where the image has a shell and `sleep`, and the
 * engine an init. Nothing in an image without a shell could: there the deadline is the runner's to keep.
 */
export function prepareLaunch(given: Launch, { image, hasInit, complete }: LaunchContext): PreparedLaunch {
  const launch = complete(given)
  if (!image.hasShell) {
    const { name: file, text, entrypoint } = formatLaunchProgram(launch)
    return { file, text, entrypoint, deadlineMs: undefined }
  }
  const deadlineMs = image.hasSleep && hasInit ? given.deadlineMs : undefined
  const deadline = deadlineMs === undefined ? '' : formatDeadline(deadlineMs)
  return {
    file: 'launch',
    text: deadline + formatLaunchScript(launch),
    entrypoint: ['/bin/sh', '/rgrid/launch'],
    deadlineMs,
  }
}
