import type { Launch } from '../executor.js'

/** Makes one word of a shell script out of any text without NUL. */
export const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** What a launch script is written from. */
export interface LaunchScript extends Launch {
  readonly executionId: string
  readonly attempt: number
  /** The program that runs the script, by its absolute path, and its first arguments. */
  readonly command: readonly string[]
  /** What is set before the script's own environment. */
  readonly baseEnv: Readonly<Record<string, string>>
}

// To shells these mean something, or cannot be set, or are used below. `PATH` may be set, as programs are called by
// their whole names.
const SHELL_NAMES = new Set(
  'BASHOPTS BASH_ENV BASH_VERSINFO ENV EUID FUNCNAME GROUPS HISTCMD IFS LINENO MAIL MAILCHECK MAILPATH OLDPWD OPTARG OPTIND POSIXLY_CORRECT PPID PS1 PS2 PS4 PWD RANDOM SECONDS SHELLOPTS SHLVL UID _ rgrid_env'.split(
    ' ',
  ),
)

/** The environment that a launch adds to that of its container. */
export const listEnv = ({ baseEnv, env, executionId, attempt }: LaunchScript): [string, string][] =>
  Object.entries({
    ...baseEnv,
    ...env,
    RGRID_EXECUTION_ID: executionId,
    RGRID_ATTEMPT: String(attempt),
  })

/**
 * Writes the shell script that becomes the user's script: arguments and environment travel in it, so that neither is
 * in what the engine knows and stores of a container.
 */
export const formatLaunchScript = (launch: LaunchScript): string =>
  formatExec(
    listEnv(launch),
    [...launch.command, ...toWords(launch.script), ...launch.args],
    launch.stdin === undefined ? '' : ` <${quote(launch.stdin)}`,
  )

/** Writes the shell script that becomes a program; `redirection` is what stands behind its words. */
export function formatExec(
  env: readonly [string, string][],
  command: readonly string[],
  redirection = '',
): string {
  const plain = env.filter(([name]) => !SHELL_NAMES.has(name))
  // Another program sets those, which takes a moment longer.
  const special = env.filter(([name]) => SHELL_NAMES.has(name))
  const assign = ([name, value]: readonly [string, string]): string => `${name}=${quote(value)}`
  const words = command.map(quote).join(' ')
  const setter =
    special.length === 0 ? '' : `"$rgrid_env" ${special.map((pair) => quote(pair.join('='))).join(' ')} `
  const find = special.length === 0 ? '' : 'rgrid_env=$(command -v env)\n'
  return `${find}export ${plain.map(assign).join(' ')}\nexec ${setter}${words}${redirection}\n`
}

/** A script whose name looks like an option must not be taken for one. */
export const toWords = (script: string): string[] => (script.startsWith('-') ? ['--', script] : [script])
