import * as z from 'zod'

/**
 * The runtimes that RGrid knows by name. A bare family (`python`, `node`, `bash`) means whichever version the runner
 * prefers; on your own machine that is the one your shell would start.
 */
export const RUNTIMES = [
  'python',
  'python3.11',
  'python3.12',
  'python3.13',
  'node',
  'node20',
  'node22',
  'node24',
  'bash',
] as const

/** A named environment that a script runs in. */
export const runtimeSchema = z.enum(RUNTIMES)

/** A named environment that a script runs in. */
export type Runtime = z.infer<typeof runtimeSchema>

/** How a runner runs a script. */
export const executorNameSchema = z.enum(['docker', 'process'])

/** How a runner runs a script. */
export type ExecutorName = z.infer<typeof executorNameSchema>

const BY_EXTENSION: Readonly<Record<string, Runtime>> = {
  '.py': 'python',
  '.js': 'node',
  '.mjs': 'node',
  '.cjs': 'node',
  '.sh': 'bash',
  '.bash': 'bash',
}

const SHEBANG = /^#!\s*(?:\S*\/env\s+(?:-S\s+)?)?(?:\S*\/)?([\w.]+)/

/**
 * Chooses the runtime of a script: by its shebang, else by its file extension.
 *
 * @returns `undefined` when neither says anything known.
 */
export function chooseRuntime(path: string, firstLine: string): Runtime | undefined {
  const program = SHEBANG.exec(firstLine)?.[1]
  return (
    (program === undefined ? undefined : byProgram(program)) ?? BY_EXTENSION[/\.\w+$/.exec(path)?.[0] ?? '']
  )
}

function byProgram(program: string): Runtime | undefined {
  if (program === 'python3' || program === 'nodejs') return program === 'nodejs' ? 'node' : 'python'
  if (program === 'sh') return 'bash'
  return RUNTIMES.find((runtime) => runtime === program)
}
