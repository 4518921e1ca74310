import type { ExecutorName, Isolation, Network, Rerun, Retries } from '@rgrid/protocol'
import { defined } from '../../defined.js'
import type { RunOptions } from '../../run-options.js'
import { readEnvFile } from '../args/env-file.js'
import { readEnvFlag } from '../args/env.js'
import type { CliContext } from '../context.js'
import { UsageError } from '../errors.js'

/** The flags of `rgrid run`. */
export interface RunFlags {
  readonly env?: readonly string[]
  readonly envFile?: readonly string[]
  readonly timeout?: number
  readonly runtime?: string
  readonly executor?: ExecutorName
  readonly cpus?: number
  /** In MiB. */
  readonly memory?: number
  readonly pids?: number
  /** In MiB. */
  readonly disk?: number
  readonly image?: string
  readonly network?: Network
  readonly isolation?: Isolation
  readonly requirements?: string
  readonly dependencies: boolean
  readonly key?: string
  readonly label?: Readonly<Record<string, string>>
  readonly priority?: number
  /** After any exit code but 0. */
  readonly retries?: number
  readonly retry?: Retries
  readonly cache?: boolean
  readonly cacheFailures?: boolean
  readonly cacheNetwork?: boolean
  readonly input?: readonly string[]
  readonly stdin?: boolean
  readonly writableInputs?: boolean
  readonly upload: boolean
  readonly dryRun?: boolean
  readonly output?: readonly string[]
  readonly excludeOutput?: readonly string[]
  readonly remoteOnly?: boolean
  readonly detach?: boolean
  readonly quiet?: boolean
  readonly json?: boolean
  /** A glob, or `-`. */
  readonly batch?: string
  readonly null?: boolean
  readonly parallel?: number
  readonly failFast?: boolean
  readonly rerun?: Rerun
  readonly lane?: string
  readonly outputDir?: string
  readonly flat?: boolean
  readonly logs?: boolean
}

/**
 * Turns flags into the options of a run. Env files come first, so that `-e` has the last word.
 *
 * @throws UsageError or RGridError that names the flag
 */
export async function readRunOptions(
  context: CliContext,
  args: readonly string[],
  flags: RunFlags,
): Promise<RunOptions> {
  const env: Record<string, string> = {}
  for (const file of flags.envFile ?? []) Object.assign(env, await readEnvFile(file, context.cwd))
  for (const flag of flags.env ?? []) {
    const [name, value] = readEnvFlag(flag, context.env)
    env[name] = value
  }
  const { runtime, executor, image, cpus, pids, network, isolation, requirements, upload } = flags
  const asked = defined({ runtime, executor, image, cpus, pids, network, isolation, requirements })
  return {
    args,
    env,
    upload,
    cwd: context.cwd,
    ...asked,
    ...defined({
      timeoutMs: flags.timeout,
      memoryMib: flags.memory,
      diskMib: flags.disk,
      labels: flags.label,
      key: flags.key,
      outputs: readOutputs(flags),
      priority: flags.priority,
      retries: toRetries(flags),
      cache: toCache(flags),
      dependencies: flags.dependencies ? undefined : false,
      inputs: flags.input,
      stdin: flags.stdin === true ? openStdin(context) : undefined,
      writableInputs: flags.writableInputs,
    }),
  }
}

function readOutputs({ output = [], excludeOutput = [] }: RunFlags): string[] | undefined {
  const patterns = [...output, ...excludeOutput.map((glob) => `!${glob}`)]
  return patterns.length === 0 ? undefined : patterns
}

/** What `--retry` says of exit codes is said more precisely. */
const toRetries = ({ retries, retry }: RunFlags): Retries | undefined =>
  retries === undefined ? retry : { exit: retries, ...retry }

function toCache({ cache, cacheFailures, cacheNetwork }: RunFlags): RunOptions['cache'] {
  if (cacheFailures === undefined && cacheNetwork === undefined) return cache
  return { failures: cacheFailures === true, network: cacheNetwork === true }
}

/** Only when it is asked for: in many places it is a pipe that nobody closes, and nothing would ever start. */
function openStdin({ stdin }: CliContext): CliContext['stdin'] {
  if (stdin.isTTY !== true) return stdin
  throw new UsageError(
    '--stdin: the standard input is a terminal: pipe something in, as in: cat data | rgrid run --stdin …',
  )
}
