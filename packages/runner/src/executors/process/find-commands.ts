import { isKnownRuntime, type Runtime } from '@rgrid/protocol'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { getEntry, type RuntimeTable } from '../runtimes/runtime-table.js'

/** What runs the scripts of a runtime on this machine: an absolute path and its first arguments. */
export type Command = readonly [program: string, ...args: string[]]

const NODE_MAJOR = process.versions.node.split('.')[0] ?? ''

/**
 * Finds what runs each runtime on this machine: what a shell would start for `python3`, `python3.12` or `bash`, for Node
 * the one that RGrid itself runs on, and for other runtimes the command that the table has for them. Nothing is started
 * for it.
 */
export async function findCommands(
  runtimes: RuntimeTable,
  path = process.env['PATH'] ?? '',
): Promise<Map<Runtime, Command>> {
  const found = await Promise.all(
    Object.keys(runtimes).map(async (runtime): Promise<[Runtime, Command] | undefined> => {
      const [wanted = '', ...args] = toCommand(runtimes, runtime)
      const program = await findProgram(wanted, path)
      return program === undefined ? undefined : [runtime, [program, ...args]]
    }),
  )
  return new Map(found.filter((entry) => entry !== undefined))
}

/** The table says what known runtimes are in an image; here they are what their name says. */
function toCommand(runtimes: RuntimeTable, runtime: Runtime): readonly string[] {
  if (!isKnownRuntime(runtime)) return getEntry(runtimes, runtime).command
  if (runtime === 'node' || runtime === `node${NODE_MAJOR}`) return [process.execPath]
  return [runtime === 'python' ? 'python3' : runtime]
}

async function findProgram(program: string, path: string): Promise<string | undefined> {
  if (program.startsWith('/')) return (await isExecutable(program)) ? program : undefined
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
