import * as z from 'zod'
import { executionIdSchema } from './ids.js'

/** What may stand in for an execution beside one that completed without a network. */
export const cacheOptionsSchema = z.strictObject({
  /** Also what ended by itself with another exit code than 0. */
  failures: z.boolean().default(false),
  /** Also what could reach a network, whose answers may have been others today: all of the process executor can. */
  network: z.boolean().default(false),
})

/** Whether an execution of the same may stand in for this one, so that nothing has to run. */
export const cacheSchema = z.union([z.boolean(), cacheOptionsSchema], {
  error: 'must be true, false or { failures, network }',
})

/** What a caller says of the cache. */
export type CacheOptions = z.input<typeof cacheSchema>

/** What came of a cache that was asked: what stood in, or why nothing did. */
export const cacheOutcomeSchema = z
  .discriminatedUnion('hit', [
    z.object({
      hit: z.literal(true),
      /** The execution whose exit code, log and files these are. */
      executionId: executionIdSchema,
    }),
    z.object({
      hit: z.literal(false),
      /** Such as `input data.csv changed`. */
      missReason: z.string(),
    }),
  ])
  .meta({ id: 'CacheOutcome', description: 'What stood in for an execution, or why nothing did.' })

/** What came of a cache that was asked. */
export type CacheOutcome = z.infer<typeof cacheOutcomeSchema>
