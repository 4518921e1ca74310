import type { Launch } from '../executor.js'
import { toProgram } from './images.js'

/** Makes one word of a shell script out of any text without NUL. */
export const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/**
 * Writes the shell script that becomes the user's script: arguments and environment travel in it, so that neither is
 * in what the engine knows and stores of a container.
 *
 * The program is looked up before the environment is changed, and `env` sets the environment, as shells give some
 * names (`OPTIND`, `UID`) a meaning of their own.
 */
export function formatLaunchScript({ runtime, script, args, env, executionId, attempt }: Launch): string {
  const program = toProgram(runtime)
  const variables = {
    // The root file system is read-only, and the container's user has no home in it.
    HOME: '/tmp',
    // Python would hold back what it prints to a pipe until it ends.
    PYTHONUNBUFFERED: '1',
    ...env,
    RGRID_EXECUTION_ID: executionId,
    RGRID_ATTEMPT: String(attempt),
  }
  const assignments = Object.entries(variables).map(([name, value]) => quote(`${name}=${value}`))
  const words = [...(script.startsWith('-') ? ['--'] : []), script, ...args].map(quote)
  return `IFS=:
for folder in $PATH; do
  [ -x "$folder/${program}" ] && break
done
if [ ! -x "$folder/${program}" ]; then
  echo "rgrid: the image has no ${program} on its PATH" >&2
  exit 127
fi
exec env ${assignments.join(' ')} "$folder/${program}" ${words.join(' ')}
`
}
