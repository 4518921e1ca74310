import { getContainerUse } from '../../dependencies/layer-use.js'
import type { Layer } from '../executor.js'
import { PYCACHE_TARGET } from './container-policy.js'
import type { PreparedImage } from './images/prepared-image.js'

/** What is set in a container before a script's own environment. */
export function getBaseEnv(image: PreparedImage, layer: Layer | undefined): Record<string, string> {
  const folders = layer === undefined ? [] : getContainerUse(layer).pathFolders
  return {
    // The root file system is read-only, and the container's user has no home in it.
    HOME: '/tmp',
    // Python would hold back what it prints to a pipe until it ends.
    PYTHONUNBUFFERED: '1',
    ...(image.pycacheDirectory === null ? {} : { PYTHONPYCACHEPREFIX: PYCACHE_TARGET }),
    PATH: [...folders, image.env['PATH']].join(':'),
  }
}

/** What starts a script where a layer is, in place of what an image starts it with. */
export function withLayer(command: readonly string[], layer: Layer | undefined): readonly string[] {
  const program = layer === undefined ? undefined : getContainerUse(layer).program
  return program === undefined ? command : [program, ...command.slice(1)]
}
