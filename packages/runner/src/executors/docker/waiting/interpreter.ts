import type { Layer } from '../../executor.js'
import { getBaseEnv, withLayer } from '../base-env.js'
import type { PreparedImage } from '../images/prepared-image.js'
import { formatExec, listEnv, type LaunchScript } from '../launch-script.js'

/** An interpreter that is started before it is known which script it is for. */
export interface Interpreter {
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** Where the program is that an interpreter waits in. */
export const INTERPRETER_PATH = '/rgrid/interpreter.py'

const KNOWN_VERSION = /^3\.(?:[89]|\d\d)\./
// What these say is read while an interpreter starts, or by the system before that.
const EARLY_NAME = /^(?:PYTHON|LD_|LC_|LANG|TZ$|MALLOC_|GLIBC_|GCONV_|LOCPATH$|NLSPATH$)/

/** The interpreter that can wait in a container; `undefined` where there is none. */
export function findInterpreter(image: PreparedImage, layer: Layer | undefined): Interpreter | undefined {
  const program = image.programs['python3']
  if (program === undefined || !KNOWN_VERSION.test(program.version ?? '')) return undefined
  if (layer?.kind === 'node') return undefined
  return { command: withLayer([program.path], layer), env: getBaseEnv(image, layer) }
}

/** Whether an interpreter that has been started without a launch is what the launch would start. */
export function suits({ command, env }: Interpreter, launch: LaunchScript): boolean {
  return (
    launch.script.endsWith('.py') &&
    !launch.script.startsWith('-') &&
    isSame(command, launch.command) &&
    isSame(Object.entries(env).flat(), Object.entries(launch.baseEnv).flat()) &&
    Object.keys(launch.env).every((name) => !(name in env) && !EARLY_NAME.test(name))
  )
}

const isSame = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((text, index) => text === others[index])

/** Writes the shell script that becomes a waiting interpreter. */
export const formatInterpreter = ({ command, env }: Interpreter): string =>
  formatExec(Object.entries(env), [...command, INTERPRETER_PATH])

/** Writes what a waiting interpreter reads when it is woken. */
export const formatCall = (launch: LaunchScript): string =>
  [
    launch.script,
    launch.stdin ?? '',
    String(launch.args.length),
    ...launch.args,
    ...listEnv(launch).map((pair) => pair.join('=')),
    '',
  ].join('\0')
