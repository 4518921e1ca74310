import type { Environments, Runtime } from '@rgrid/protocol'
import { identifyInterpreter } from '../../dependencies/interpreter.js'
import { StartError, type Layer } from '../executor.js'
import { getEntry, type RuntimeTable } from '../runtimes/runtime-table.js'
import { findCommands, type Command } from './find-commands.js'
import { nameProgram } from './name-program.js'

/** The programs of this machine that run scripts. Looked for once. */
export interface Interpreters {
  list(): Promise<Map<Runtime, Command>>
  /** @throws StartError where a runtime has none. */
  find(runtime: Runtime): Promise<Command>
  /**
   * Names what runs a runtime; looked at anew each time, as it may be another version by now.
   *
   * @throws StartError where there is none, or not any more.
   */
  name(runtime: Runtime): Promise<string>
  /** The names of all that are there; looked at anew each time. */
  listNames(): Promise<Environments['runtimes']>
  /**
   * Finds the program that packages for a runtime are installed for.
   *
   * @throws StartError where there is none.
   */
  findFor(runtime: Runtime, kind: Layer['kind']): Promise<string>
  /** What that program is, with its version. */
  identify(runtime: Runtime, kind: Layer['kind']): Promise<string>
}

const INSTALLERS = { python: 'pip', node: 'npm' } as const

/** Makes {@link Interpreters}. */
export function createInterpreters(runtimes: RuntimeTable): Interpreters {
  let commands: Promise<Map<Runtime, Command>> | undefined
  const identities = new Map<string, Promise<string>>()
  const list = (): Promise<Map<Runtime, Command>> => (commands ??= findCommands(runtimes))
  const find = async (runtime: Runtime): Promise<Command> => {
    const command = (await list()).get(runtime)
    if (command !== undefined) return command
    throw new StartError('internal', `this machine has no program for the runtime ${runtime}`)
  }
  const findFor = async (runtime: Runtime, kind: Layer['kind']): Promise<string> => {
    // A shell script may need packages as well.
    const isOwn = getEntry(runtimes, runtime).installer === INSTALLERS[kind]
    const [program] = await find(isOwn ? runtime : kind)
    return program
  }
  return {
    list,
    find,
    async listNames() {
      const named = [...(await list())].map(async ([runtime, command]) => {
        const name = await nameProgram(command).catch(() => undefined)
        return name === undefined ? [] : [[runtime, name] as const]
      })
      return Object.fromEntries((await Promise.all(named)).flat())
    },
    name: async (runtime) => nameFound(runtime, await find(runtime)),
    findFor,
    async identify(runtime, kind) {
      const command = await findFor(runtime, kind)
      const found = identities.get(command) ?? identifyInterpreter(kind, command).then(({ id }) => id)
      identities.set(command, found)
      found.catch(() => identities.delete(command))
      return found
    },
  }
}

async function nameFound(runtime: Runtime, command: Command): Promise<string> {
  try {
    return await nameProgram(command)
  } catch (cause) {
    throw new StartError('internal', `the program for the runtime ${runtime} is gone: ${String(cause)}`, {
      cause,
    })
  }
}
