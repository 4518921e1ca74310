import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { StartError } from '../executors/executor.js'

/** A program of this machine that runs scripts, known for what it is. */
export interface Interpreter {
  /** Changes with the program's place and version: the base of layers. */
  readonly id: string
  /** The program itself, where `PATH` has a shim or a link. */
  readonly program: string
}

const PYTHON = `import os, sys
print(os.path.realpath(getattr(sys, '_base_executable', None) or sys.executable))
print(sys.implementation.cache_tag, *sys.version_info[:3])`
const NODE = 'console.log(process.execPath + "\\n" + process.version + " " + process.arch)'
const TIMEOUT_MS = 20_000

/**
 * Asks an interpreter what it is.
 *
 * @throws StartError when it does not answer.
 */
export async function identifyInterpreter(kind: 'python' | 'node', command: string): Promise<Interpreter> {
  const args = kind === 'python' ? ['-I', '-c', PYTHON] : ['-e', NODE]
  try {
    const { stdout } = await promisify(execFile)(command, args, { timeout: TIMEOUT_MS })
    const [program = '', version = ''] = stdout.trim().split('\n')
    return { id: `${program} ${version}`, program }
  } catch (error) {
    throw new StartError('internal', `${command} does not say its version: ${String(error)}`, {
      cause: error,
    })
  }
}
