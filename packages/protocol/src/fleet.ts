import * as z from 'zod'
import { runnerIdSchema } from './ids.js'
import { offerSchema, poolStatsSchema, runtimeDetailSchema } from './runner-protocol.js'
import { executorNameSchema, runtimeSchema } from './runtimes.js'

/** A runner as clients see it. */
export const runnerRecordSchema = z
  .object({
    id: runnerIdSchema,
    name: z.string(),
    slots: z.int(),
    offers: z.array(offerSchema),
    /** `null` where the runner keeps none. */
    pool: poolStatsSchema.nullable(),
    /** Why it claims nothing for now; `null` while it claims. */
    holdsBack: z.string().nullable(),
    lastSeenAt: z.iso.datetime(),
  })
  .meta({ id: 'Runner', description: 'A runner that was heard of within the last half minute.' })

/** A runner as clients see it. */
export type RunnerRecord = z.infer<typeof runnerRecordSchema>

/** The runners that are there now. */
export const runnerListSchema = z.object({ runners: z.array(runnerRecordSchema) }).meta({ id: 'RunnerList' })

/** What a runtime is on one kind of executor, and how many runners have it. */
export const runtimeRecordSchema = z
  .object({
    runtime: runtimeSchema,
    executor: executorNameSchema,
    ...runtimeDetailSchema.shape,
    runners: z.int().positive(),
  })
  .meta({ id: 'Runtime', description: 'A runtime that runners offer now.' })

/** A runtime that runners offer now. */
export type RuntimeRecord = z.infer<typeof runtimeRecordSchema>

/** The runtimes that runners offer now. */
export const runtimeListSchema = z
  .object({ runtimes: z.array(runtimeRecordSchema) })
  .meta({ id: 'RuntimeList' })
