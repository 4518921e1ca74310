import { join } from 'node:path'
import type { Layer } from '../executors/executor.js'

/** A directory of this machine in a container. */
export interface LayerMount {
  readonly source: string
  readonly target: string
  readonly readOnly: true
}

/** How a script is given its packages. */
export interface LayerUse {
  /** What starts the script, in place of the runtime's own program; `undefined` leaves that as it is. */
  readonly program: string | undefined
  /** Folders that come first on the script's PATH. */
  readonly pathFolders: readonly string[]
}

/** Where a container sees the layers of Python: a virtual environment works only where it was made. */
export const DEPS_TARGET = '/deps'

/** What starts Python scripts in a container with such a layer; `undefined` for Node, which needs nothing else. */
export function toPythonProgram({ kind }: Layer): string | undefined {
  return kind === 'python' ? `${DEPS_TARGET}/venv/bin/python` : undefined
}

/**
 * How a container uses a layer.
 *
 * @param pycacheTarget - the `PYTHONPYCACHEPREFIX` of the container, where it has one: the compiled files of the layer
 * are looked for there only. The directory mounted there needs an empty `deps` in it, to mount upon.
 */
export function getContainerUse(
  layer: Layer,
  pycacheTarget?: string,
): LayerUse & { readonly mounts: readonly LayerMount[] } {
  const mount = (source: string, target: string): LayerMount => ({ source, target, readOnly: true })
  if (layer.kind === 'node')
    // Node looks for packages in every folder above the script, and so at the root.
    return {
      program: undefined,
      pathFolders: ['/node_modules/.bin'],
      mounts: [mount(join(layer.directory, 'node_modules'), '/node_modules')],
    }
  const compiled =
    pycacheTarget === undefined
      ? []
      : [mount(join(layer.directory, 'pycache'), `${pycacheTarget}${DEPS_TARGET}`)]
  return {
    program: toPythonProgram(layer),
    pathFolders: [`${DEPS_TARGET}/venv/bin`],
    mounts: [mount(layer.directory, DEPS_TARGET), ...compiled],
  }
}

/**
 * How a process of this machine uses a layer. Node finds the packages through a link named `node_modules`, to be made
 * in any folder above the script, such as the one that the workspace is in.
 */
export function getProcessUse(
  layer: Layer,
): LayerUse & { readonly link: { readonly name: 'node_modules'; readonly target: string } | undefined } {
  if (layer.kind === 'python') {
    const folder = join(layer.directory, 'venv', 'bin')
    return { program: join(folder, 'python'), pathFolders: [folder], link: undefined }
  }
  const target = join(layer.directory, 'node_modules')
  return { program: undefined, pathFolders: [join(target, '.bin')], link: { name: 'node_modules', target } }
}
