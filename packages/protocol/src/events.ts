import * as z from 'zod'
import { executionSchema } from './execution.js'
import { statusSchema } from './states.js'

/** A stream of a script. */
export const streamSchema = z.enum(['stdout', 'stderr'])

/** A stream of a script. */
export type StreamName = z.infer<typeof streamSchema>

/**
 * A piece of a log: the bytes as text where they are valid UTF-8, else in base64. `gapBytes` stands where bytes
 * between the kept head and the kept tail of a long log were dropped; `null`: the runner was killed and another went on,
 * so that bytes may be missing here, and nobody knows how many.
 */
export const logEventSchema = z.object({
  stream: streamSchema,
  at: z.int(),
  text: z.string().optional(),
  base64: z.base64().optional(),
  gapBytes: z.int().positive().nullable().optional(),
})

/** A piece of a log. */
export type LogEvent = z.infer<typeof logEventSchema>

/** The execution is in this status now. */
export const stateEventSchema = z.object({
  status: statusSchema,
  attempt: z.int().nonnegative(),
  /** Why it is still queued, where that needs words, or what its runner is about before it starts. */
  message: z.string().nullable(),
})

/** The execution is in this status now. */
export type StateEvent = z.infer<typeof stateEventSchema>

/** The execution is over and its last log byte has been sent. */
export const endEventSchema = z.object({ execution: executionSchema })

/** One event of the stream of an execution, with the cursor where it has one. */
export type ExecutionEvent =
  | { readonly type: 'log'; readonly cursor: string; readonly log: LogEvent }
  | { readonly type: 'state'; readonly state: StateEvent }
  | { readonly type: 'end'; readonly execution: z.infer<typeof executionSchema> }
