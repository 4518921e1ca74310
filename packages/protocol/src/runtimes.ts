import * as z from 'zod'

/**
 * The runtimes that every RGrid knows. A bare family (`python`, `node`, `bash`) means whichever version the runner
 * prefers; on your own machine that is the one your shell would start. Runners may offer more, under names of their own.
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

/** The name of a runtime that every RGrid knows. */
export type KnownRuntime = (typeof RUNTIMES)[number]

/** The name of an environment that a script runs in: one that is known, or one that a runner has of its own. */
export type Runtime = KnownRuntime | (string & {})

/** The name of an environment that a script runs in. */
export const runtimeSchema = z
  .string()
  .regex(
    /^[a-z][a-z0-9._+-]{0,63}$/,
    'is not the name of a runtime, which is up to 64 lowercase letters, digits and . _ + - behind a letter, such as python3.12',
  )

/** How a runner runs a script. */
export const executorNameSchema = z.enum(['docker', 'process'])

/** How a runner runs a script. */
export type ExecutorName = z.infer<typeof executorNameSchema>

/** Whether every RGrid knows a runtime. */
export const isKnownRuntime = (runtime: Runtime): runtime is KnownRuntime =>
  RUNTIMES.some((known) => known === runtime)

/** Orders runtimes: those that are known as {@link RUNTIMES} has them, then all others by name. */
export function compareRuntimes(a: Runtime, b: Runtime): number {
  const toRank = (runtime: Runtime): number => [...RUNTIMES, runtime].indexOf(runtime)
  return toRank(a) - toRank(b) || a.localeCompare(b, 'en', { numeric: true })
}
