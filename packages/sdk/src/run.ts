import type { BatchOptions } from './batch/batch-options.js'
import type { Batch } from './batch/types.js'
import { createClient } from './create-client.js'
import type { RunPlan } from './plan.js'
import type { RunOptions } from './run-options.js'
import type { Execution, RGridClient } from './types.js'

let shared: RGridClient | undefined

/**
 * Runs a script where the configuration says: on a server, or with nothing configured in this process. Eager: the
 * script is on its way when this returns. A non-zero exit code is data, not an exception.
 *
 * @example
 * ```ts
 * const execution = run('process.py', { args: ['data.json'], env: { MODE: 'fast' } })
 * for await (const { stream, text } of execution.logs()) process[stream].write(text)
 * const { exitCode, artifacts } = await execution
 * ```
 */
export function run(script: string, options?: RunOptions): Execution {
  return (shared ??= createClient()).run(script, options)
}

/** Says what {@link run} would send, and why, and sends nothing. */
export function plan(script: string, options?: RunOptions): Promise<RunPlan> {
  return (shared ??= createClient()).plan(script, options)
}

/** Looks at an execution that was started elsewhere, from its beginning, live. */
export function attach(id: string): Execution {
  return (shared ??= createClient()).attach(id)
}

/**
 * Runs a script over many inputs, once for each, as many at a time as `parallel` says. The same call again runs only what
 * is missing, failed or changed; the results of the rest come from the store.
 *
 * @example
 * ```ts
 * const images = batch('resize.py', { each: 'images/*.png', args: ['{}', '--size', '200'], parallel: 10 })
 * for await (const result of images) await result.download(`outputs/${result.name}`)
 * const { ok, failed } = await images
 * ```
 */
export function batch(script: string, options: BatchOptions): Batch {
  return (shared ??= createClient()).batch(script, options)
}

/** Looks at a batch that was started elsewhere. Its results come from the first one on. */
export function attachBatch(id: string): Batch {
  return (shared ??= createClient()).attachBatch(id)
}
