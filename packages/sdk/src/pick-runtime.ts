import {
  chooseRuntime,
  findRuntimes,
  isKnownRuntime,
  RGridError,
  RUNTIMES,
  runtimeSchema,
  type Runtime,
  type RuntimeRecord,
} from '@rgrid/protocol'

/** The runtime of a script, and what installs packages for it. */
export interface PickedRuntime {
  readonly runtime: Runtime
  /** Such as `pip`; `null` where nothing does. */
  readonly installer: string | null
}

/** A script whose runtime is to be found. */
export interface RuntimeQuery {
  readonly script: string
  /** The script itself. */
  readonly text: string
  /** What its caller says. */
  readonly asked: Runtime | undefined
  /** Asks what runners offer: only where what RGrid knows itself is not enough. */
  readonly listRuntimes: () => Promise<readonly RuntimeRecord[]>
}

/**
 * Finds the runtime of a script: what the caller says, else what the script chooses among the known runtimes, else among
 * those that runners have of their own.
 *
 * @throws RGridError `unknown_runtime`, and what `listRuntimes` throws.
 */
export async function pickRuntime(query: RuntimeQuery): Promise<PickedRuntime> {
  const { script, text, asked, listRuntimes } = query
  if (asked !== undefined) assertName(asked)
  const firstLine = text.split('\n', 1)[0] ?? ''
  const known = asked ?? chooseRuntime(script, firstLine)
  if (known !== undefined && isKnownRuntime(known)) return { runtime: known, installer: toInstaller(known) }
  const offered = await listRuntimes()
  const runtime = known ?? chooseOffered(script, firstLine, offered)
  const records = offered.filter((record) => record.runtime === runtime)
  if (records.length === 0) return { runtime, installer: toInstaller(runtime) }
  return { runtime, installer: records.find(({ installer }) => installer !== null)?.installer ?? null }
}

function assertName(asked: Runtime): void {
  const { success, error } = runtimeSchema.safeParse(asked)
  if (success) return
  const reasons = error.issues.map(({ message }) => message).join(', ')
  throw new RGridError('unknown_runtime', `runtime: ${JSON.stringify(asked)} ${reasons}`)
}

function chooseOffered(script: string, firstLine: string, offered: readonly RuntimeRecord[]): Runtime {
  const [runtime, ...others] = findRuntimes(script, firstLine, offered)
  const name = JSON.stringify(script)
  if (runtime === undefined) {
    const names = [...new Set(offered.length === 0 ? RUNTIMES : offered.map((record) => record.runtime))]
    throw new RGridError(
      'unknown_runtime',
      `runtime: neither the name nor the first line of ${name} says what runs it: choose one of ${names.join(', ')}`,
    )
  }
  if (others.length === 0) return runtime
  throw new RGridError(
    'unknown_runtime',
    `runtime: ${name} may be run by any of ${[runtime, ...others].join(', ')}: choose one of them`,
  )
}

/** What is said by the name alone. */
const toInstaller = (runtime: Runtime): string | null =>
  runtime.startsWith('python') ? 'pip' : runtime.startsWith('node') ? 'npm' : null
