import { RUNTIMES, type Runtime } from '@rgrid/protocol'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

const NODE_MAJOR = process.versions.node.split('.')[0] ?? ''

/**
 * Finds the program of each runtime on this machine: what a shell would start for `python3`, `python3.12` or `bash`,
 * and for Node the one that RGrid itself runs on. Nothing is started for it.
 */
export async function findCommands(path = process.env['PATH'] ?? ''): Promise<Map<Runtime, string>> {
  const found = await Promise.all(
    RUNTIMES.map(async (runtime): Promise<[Runtime, string] | undefined> => {
      const command = isOwnNode(runtime) ? process.execPath : await findOnPath(toProgram(runtime), path)
      return command === undefined ? undefined : [runtime, command]
    }),
  )
  return new Map(found.filter((entry) => entry !== undefined))
}

const isOwnNode = (runtime: Runtime): boolean => runtime === 'node' || runtime === `node${NODE_MAJOR}`

const toProgram = (runtime: Runtime): string => (runtime === 'python' ? 'python3' : runtime)

async function findOnPath(program: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter((part) => part.startsWith('/'))) {
    const candidate = join(folder, program)
    if (await isExecutable(candidate)) return candidate
  }
  return undefined
}

const isExecutable = (file: string): Promise<boolean> =>
  access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
