import * as z from 'zod'
import { LIMITS } from './limits.js'
import type { Cause } from './states.js'

const MAX = LIMITS.retriesPerCause

const TIMES = `a whole number of times from 0 to ${MAX}`
/** How often an attempt that ended for one cause is tried again. */
const timesSchema = z.int(`must be ${TIMES}`).min(0, `must be ${TIMES}`).max(MAX, `must be ${TIMES}`)

const exitSchema = z.union(
  [
    timesSchema,
    z.strictObject({
      times: timesSchema,
      /** Only after these exit codes; any but 0 when left out. */
      codes: z.array(z.int().min(1).max(255)).min(1).max(255).optional(),
    }),
  ],
  { error: `must be ${TIMES}, or { codes, times } with exit codes from 1 to 255` },
)

const memorySchema = z.union(
  [
    timesSchema,
    z.strictObject({
      times: timesSchema,
      /** Each next attempt gets twice the memory, up to what this server and its runners allow. */
      memoryMib: z.literal('x2').optional(),
    }),
  ],
  { error: `must be ${TIMES}, or { memoryMib: 'x2', times }` },
)

/** The rules of {@link retriesSchema} by name, with the causes that each is for. */
export const RETRIED_CAUSES = {
  lost: ['runner_lost', 'engine_restart', 'container_removed'],
  exit: ['exit'],
  signal: ['signal'],
  timeout: ['timeout'],
  out_of_memory: ['out_of_memory'],
  image_pull: ['image_pull'],
  dependency_install: ['dependency_install'],
} as const satisfies Readonly<Record<string, readonly Cause[]>>

/** The name of a rule about what is tried again. */
export type RetriedCause = keyof typeof RETRIED_CAUSES

/**
 * After which ends an execution is tried again, and how often for each. What is left out is not: a script that may have
 * started is started again only where this says so. One that provably never started is tried again in any case.
 */
export const retriesSchema = z
  .strictObject(
    {
      lost: timesSchema,
      exit: exitSchema,
      signal: timesSchema,
      timeout: timesSchema,
      out_of_memory: memorySchema,
      image_pull: timesSchema,
      dependency_install: timesSchema,
    } satisfies Record<RetriedCause, z.ZodType>,
    {
      error: (issue) =>
        issue.code === 'unrecognized_keys'
          ? `${issue.keys?.map((key) => `"${key}"`).join(', ')} is not tried again: that is for ${Object.keys(RETRIED_CAUSES).join(', ')}`
          : undefined,
    },
  )
  .partial()
  .meta({
    id: 'Retries',
    description: 'After which ends an execution is tried again, and how often for each.',
  })

/** After which ends an execution is tried again. */
export type Retries = z.infer<typeof retriesSchema>

/** A place in the queue: what has the higher one is claimed first, and of equals the oldest. */
export const prioritySchema = z
  .int('must be a whole number')
  .min(LIMITS.priorityMin, `must be from ${LIMITS.priorityMin} to ${LIMITS.priorityMax}`)
  .max(LIMITS.priorityMax, `must be from ${LIMITS.priorityMin} to ${LIMITS.priorityMax}`)
