import * as z from 'zod'
import type { KnownRuntime, Runtime } from './runtimes.js'

/** What a script has that chooses a runtime. */
export const runtimeRuleSchema = z.strictObject({
  /** File extensions. */
  extensions: z
    .array(z.string().regex(/^\.[\w+-]{1,32}$/, 'is not a file extension, such as .rb'))
    .max(32)
    .default([]),
  /** Programs of a shebang, without their folder. */
  programs: z
    .array(z.string().regex(/^\w[\w.+-]{0,63}$/, 'is not the name of a program, such as ruby'))
    .max(32)
    .default([]),
})

/** What a script has that chooses a runtime. */
export type RuntimeRule = {
  readonly [Part in keyof z.infer<typeof runtimeRuleSchema>]: readonly string[]
}

const rule = (programs: string[], extensions: string[] = []): RuntimeRule => ({ extensions, programs })

/** What chooses the runtimes that every RGrid knows. */
export const RUNTIME_RULES: Readonly<Record<KnownRuntime, RuntimeRule>> = {
  python: rule(['python3', 'python'], ['.py']),
  'python3.11': rule(['python3.11']),
  'python3.12': rule(['python3.12']),
  'python3.13': rule(['python3.13']),
  node: rule(['node', 'nodejs'], ['.js', '.mjs', '.cjs']),
  node20: rule(['node20']),
  node22: rule(['node22']),
  node24: rule(['node24']),
  bash: rule(['bash', 'sh'], ['.sh', '.bash']),
}

const KNOWN_RULES = Object.entries(RUNTIME_RULES).map(([runtime, each]) => ({ runtime, ...each }))

const SHEBANG = /^#!\s*(?:\S*\/env\s+(?:-S\s+)?)?(?:\S*\/)?(\w[\w.+-]*)/

/**
 * Finds the runtimes that a script chooses: by its shebang, else by its file extension.
 *
 * @returns none where neither says anything known, and several where the rules contradict each other.
 */
export function findRuntimes(
  path: string,
  firstLine: string,
  rules: readonly (RuntimeRule & { readonly runtime: Runtime })[],
): Runtime[] {
  const program = SHEBANG.exec(firstLine)?.[1] ?? ''
  const extension = /\.[\w+-]+$/.exec(path)?.[0] ?? ''
  const byProgram = rules.filter(({ programs }) => programs.includes(program))
  const found = byProgram.length > 0 ? byProgram : rules.filter((one) => one.extensions.includes(extension))
  return [...new Set(found.map(({ runtime }) => runtime))]
}

/**
 * Chooses among the runtimes that every RGrid knows: by a script's shebang, else by its file extension.
 *
 * @returns `undefined` when neither says anything known.
 */
export const chooseRuntime = (path: string, firstLine: string): Runtime | undefined =>
  findRuntimes(path, firstLine, KNOWN_RULES)[0]
