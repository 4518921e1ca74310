import * as z from 'zod'
import { executionSchema } from './execution.js'
import { batchIdSchema, executionIdSchema } from './ids.js'
import { LIMITS } from './limits.js'
import { micronsSchema } from './microns.js'
import { linkSchema } from './links.js'
import { pathSchema } from './paths.js'
import {
  argsSchema,
  envSchema,
  fileSchema,
  keySchema,
  labelsSchema,
  rewriteSchema,
  specSchema,
} from './spec.js'
import { statusSchema } from './states.js'

/**
 * Which items of a batch run although the same was run before: `failed`, those that did not complete; `all`; or `missing`,
 * only what was never run to an end. An item that runs at this moment is joined, unless all are wanted anew.
 */
export const rerunSchema = z.enum(['failed', 'missing', 'all'])

/** Which items of a batch run although the same was run before. */
export type Rerun = z.infer<typeof rerunSchema>

/** Opens a batch: the body of `PUT /v1/batches/{id}`. */
export const batchSpecSchema = z
  .strictObject({
    /** Batches of one lane share one limit, that of the last of them: the same call again is in the same lane. */
    lane: z.string().min(1).max(LIMITS.laneChars),
    /** How many of the lane's executions run at once, over all runners; `null` for as many as there is room for. */
    parallel: z.int().min(1).max(LIMITS.batchParallel).nullable().default(null),
    /** Whether the first item that fails cancels the others. */
    failFast: z.boolean().default(false),
    rerun: rerunSchema.default('failed'),
    labels: labelsSchema.default({}),
  })
  .meta({ id: 'BatchSpec', description: 'How the executions of a batch are run.' })

/** How the executions of a batch are run. */
export type BatchSpec = z.infer<typeof batchSpecSchema>

/** What is an item's own; what is not said is as the batch's common spec has it. */
export const batchItemSchema = z
  .strictObject({
    /** Its place in the batch, from 0. */
    index: z
      .int()
      .nonnegative()
      .max(LIMITS.batchItems - 1),
    /** The id of its execution, where a new one is started. */
    id: executionIdSchema,
    /** What people call it, such as the name of its input. */
    name: z.string().max(LIMITS.batchNameChars),
    /** Tells items apart that are the same in all else, so that each of them runs: the second of two has 1. */
    repeat: z.int().nonnegative().max(LIMITS.batchItems).default(0),
    args: argsSchema.optional(),
    rewrites: z.array(rewriteSchema).max(LIMITS.args).optional(),
    /** Beside the common ones, or in their place where the names are the same. */
    env: envSchema.default({}),
    /** By it the same item is known again from anywhere: the execution that has it stands for the item. */
    key: keySchema.optional(),
    /** Beside the common ones, or in their place where the paths are the same. */
    files: z.array(fileSchema).max(LIMITS.inputFiles).default([]),
    folders: z.array(pathSchema).max(LIMITS.inputFiles).default([]),
    links: z.array(linkSchema).max(LIMITS.inputFiles).optional(),
  })
  .meta({ id: 'BatchItem', description: 'One execution of a batch, as far as it differs from the others.' })

/** One execution of a batch, as far as it differs from the others. */
export type BatchItem = z.infer<typeof batchItemSchema>

/** Adds items to a batch: the body of `POST /v1/batches/{id}/items`. */
export const batchItemsSchema = z
  .strictObject({
    spec: specSchema,
    items: z.array(batchItemSchema).min(1).max(LIMITS.batchItemsPerRequest),
  })
  .meta({ id: 'BatchItems', description: 'Items of a batch, and what all of them have in common.' })

/** Items of a batch, and what all of them have in common. */
export type BatchItems = z.infer<typeof batchItemsSchema>

/** What became of an item: it waits for its turn, is run for an earlier batch, or was run before. */
export const itemOutcomeSchema = z.enum(['new', 'joined', 'reused'])

/** What became of an item. */
export type ItemOutcome = z.infer<typeof itemOutcomeSchema>

/** An item with the execution that stands for it. */
export const addedItemSchema = z.object({
  index: z.int(),
  executionId: executionIdSchema,
  outcome: itemOutcomeSchema,
})

/** The answer to added items. */
export const addedItemsSchema = z
  .object({ items: z.array(addedItemSchema) })
  .meta({ id: 'AddedItems', description: 'The executions that stand for the items.' })

/** How far the items of a batch are. */
export const batchCountsSchema = z
  .object({
    /** Those that have been added. */
    total: z.int(),
    queued: z.int(),
    /** From the claim on. */
    running: z.int(),
    /** With exit code 0, or so before. */
    completed: z.int(),
    /** Ended in another way. */
    failed: z.int(),
    /** Of those that have ended, the ones that were not run for this batch. */
    reused: z.int(),
  })
  .meta({ id: 'BatchCounts' })

/** How far the items of a batch are. */
export type BatchCounts = z.infer<typeof batchCountsSchema>

/** A batch: `open` while items are added, `running` until the last has ended, then `finished`. */
export const batchSchema = z
  .object({
    id: batchIdSchema,
    status: z.enum(['open', 'running', 'finished']),
    cancelRequested: z.boolean(),
    lane: z.string(),
    parallel: z.int().nullable(),
    failFast: z.boolean(),
    labels: z.record(z.string(), z.string()),
    counts: batchCountsSchema,
    createdAt: z.iso.datetime(),
    finishedAt: z.iso.datetime().nullable(),
    /** Of what was run for this batch and has ended. */
    costMicrons: micronsSchema,
  })
  .meta({ id: 'Batch', description: 'Many executions of one script.' })

/** A batch. */
export type BatchRecord = z.infer<typeof batchSchema>

/** One item of a batch, as lists have it. */
export const batchItemRecordSchema = z
  .object({
    index: z.int(),
    name: z.string(),
    executionId: executionIdSchema,
    outcome: itemOutcomeSchema,
    status: statusSchema,
    exitCode: z.int().nullable(),
    message: z.string().nullable(),
  })
  .meta({ id: 'BatchItemRecord' })

/** One item of a batch, as lists have it. */
export type BatchItemRecord = z.infer<typeof batchItemRecordSchema>

/** The query of `GET /v1/batches/{id}/items`. */
export const batchItemsQuerySchema = z.strictObject({
  /** Only those that ended otherwise than with exit code 0. */
  failed: z.stringbool().default(false),
  /** The index of the last item of the page before. */
  after: z.coerce.number().int().min(-1).default(-1),
  limit: z.coerce.number<number | string>().int().min(1).max(LIMITS.batchItemsPerRequest).default(100),
})

/** A page of items, by their index. */
export const batchItemPageSchema = z
  .object({ items: z.array(batchItemRecordSchema), next: z.int().nullable() })
  .meta({ id: 'BatchItemPage' })

/** A page of items, by their index. */
export type BatchItemPage = z.infer<typeof batchItemPageSchema>

/** The query of `GET /v1/batches`. */
export const batchListQuerySchema = z.strictObject({
  limit: z.coerce.number<number | string>().int().min(1).max(LIMITS.listPage).default(20),
  /** The id of the last batch of the page before. */
  before: batchIdSchema.optional(),
})

/** A page of batches, newest first. */
export const batchPageSchema = z
  .object({ batches: z.array(batchSchema), next: batchIdSchema.nullable() })
  .meta({ id: 'BatchPage' })

/** A page of batches, newest first. */
export type BatchPage = z.infer<typeof batchPageSchema>

/** The number of items that are added again, as they had failed. */
export const batchRetriedSchema = z.object({ retried: z.int() }).meta({ id: 'BatchRetried' })

/** An item of a batch has ended. The events of items carry a number as their id, by which a stream is resumed. */
export const batchItemEventSchema = z.object({
  index: z.int(),
  name: z.string(),
  outcome: itemOutcomeSchema,
  execution: executionSchema,
})

/** An item of a batch has ended. */
export type BatchItemEvent = z.infer<typeof batchItemEventSchema>

/** How far the batch is, now and then. */
export const batchProgressEventSchema = z.object({ counts: batchCountsSchema })

/** The last item has ended. */
export const batchEndEventSchema = z.object({ batch: batchSchema })

/** One event of the stream of a batch. */
export type BatchEvent =
  | { readonly type: 'item'; readonly seq: number; readonly item: BatchItemEvent }
  | { readonly type: 'progress'; readonly counts: BatchCounts }
  | { readonly type: 'end'; readonly batch: BatchRecord }
