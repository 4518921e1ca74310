import type { Runtime } from '@rgrid/protocol'
import { identifyInterpreter } from '../../dependencies/interpreter.js'
import { StartError } from '../executor.js'
import { findCommands } from './find-commands.js'

/** The programs of this machine that run scripts. Looked for once. */
export interface Interpreters {
  list(): Promise<Map<Runtime, string>>
  /** @throws StartError where a runtime has none. */
  find(runtime: Runtime): Promise<string>
  /** What a runtime's program is, with its version: what dependencies are installed for. */
  identify(runtime: Runtime): Promise<string>
}

/** Makes {@link Interpreters}. */
export function createInterpreters(): Interpreters {
  let commands: Promise<Map<Runtime, string>> | undefined
  const identities = new Map<string, Promise<string>>()
  const list = (): Promise<Map<Runtime, string>> => (commands ??= findCommands())
  const find = async (runtime: Runtime): Promise<string> => {
    const command = (await list()).get(runtime)
    if (command !== undefined) return command
    throw new StartError('internal', `this machine has no program for the runtime ${runtime}`)
  }
  return {
    list,
    find,
    async identify(runtime) {
      const command = await find(runtime)
      const kind = runtime.startsWith('python') ? 'python' : 'node'
      const found = identities.get(command) ?? identifyInterpreter(kind, command).then(({ id }) => id)
      identities.set(command, found)
      found.catch(() => identities.delete(command))
      return found
    },
  }
}
