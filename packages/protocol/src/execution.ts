import * as z from 'zod'
import { cacheOutcomeSchema } from './cache.js'
import { LIMITS } from './limits.js'
import { cursorSchema } from './cursor.js'
import { executionIdSchema, runnerIdSchema } from './ids.js'
import { micronsSchema } from './microns.js'
import { isolationSchema, networkSchema, resourcesSchema } from './resources.js'
import { retriesSchema } from './retries.js'
import { executorNameSchema, runtimeSchema } from './runtimes.js'
import { patternsSchema } from './path-filter.js'
import { pathSchema } from './paths.js'
import { fileRefSchema, rewriteSchema } from './spec.js'
import { causeSchema, statusSchema } from './states.js'

const time = z.iso.datetime().nullable()
const ms = z.number().nonnegative()

/** What an execution used. A `null` was not measured, which is not the same as zero. */
export const usageSchema = z
  .strictObject({
    /** From the start of the script to its end. */
    wallMs: ms,
    cpuSeconds: z.number().nonnegative().nullable(),
    peakMemoryBytes: z.int().nonnegative().nullable(),
  })
  .meta({ id: 'Usage', description: 'What an execution used. A null was not measured.' })

/** What an execution used. */
export type Usage = z.infer<typeof usageSchema>

/** A file of the workspace that was not taken home, and why. */
export const skippedSchema = z.strictObject({ path: z.string().max(4096), reason: z.string().max(256) })

/** A file of the workspace that was not taken home, and why. */
export type Skipped = z.infer<typeof skippedSchema>

/** Something worth knowing about a result that is no failure. */
export const noteSchema = z.string().max(LIMITS.noteChars)

/**
 * How long each phase took, in milliseconds; `null` where it has not been reached. The phases are those of the present or
 * last attempt, the total is from the submit to the end.
 */
export const timingsSchema = z
  .object({
    queuedMs: ms.nullable(),
    preparingMs: ms.nullable(),
    runningMs: ms.nullable(),
    finishingMs: ms.nullable(),
    totalMs: ms.nullable(),
  })
  .meta({ id: 'Timings', description: 'Milliseconds per phase, null where not reached.' })

/** How long each phase took. */
export type Timings = z.infer<typeof timingsSchema>

/** Where the time of an attempt went on its runner, in milliseconds. */
export const phasesSchema = z
  .strictObject({
    /** Whether its container was waiting, was started for it, or had run the same script before; `null`: no container. */
    container: z.enum(['warm', 'cold', 'shared']).nullable(),
    /** Until the dependencies were there. */
    dependenciesMs: ms,
    /** Until there was a place to run in: a container, or a directory. */
    placeMs: ms,
    /** Until the input files were in it. */
    inputsMs: ms,
    /** Until the script was started. */
    launchMs: ms,
    /** From the start to the first output; `null` when it printed nothing. */
    firstOutputMs: ms.nullable(),
    /** From the start until the end was known. */
    scriptMs: ms,
    /** Until the output files were collected. */
    outputsMs: ms,
  })
  .meta({ id: 'Phases', description: 'Where the time of an attempt went on its runner, in milliseconds.' })

/** Where the time of an attempt went on its runner. */
export type Phases = z.infer<typeof phasesSchema>

const logsSchema = z.object({
  stdoutBytes: z.int(),
  stderrBytes: z.int(),
  /** Bytes between the kept head and the kept tail that are not stored. */
  droppedBytes: z.int(),
  /** The place behind the last log chunk. */
  cursor: cursorSchema,
})

/** One try at an execution. */
export const attemptSchema = z
  .object({
    attempt: z.int().positive(),
    runner: z.object({ id: runnerIdSchema, name: z.string().nullable() }),
    executor: executorNameSchema,
    /** The memory that was asked for; `null`: the runner's default. */
    memoryMib: z.int().nullable(),
    claimedAt: z.iso.datetime(),
    /** `null` when the script did not start. */
    startedAt: time,
    endedAt: time,
    /** The status that the execution would have, or has, by this attempt alone; `null` until it has ended. */
    outcome: statusSchema.nullable(),
    cause: causeSchema.nullable(),
    exitCode: z.int().nullable(),
    signal: z.string().nullable(),
    message: z.string().nullable(),
    usage: usageSchema.nullable(),
    costMicrons: micronsSchema.nullable(),
    logs: logsSchema,
  })
  .meta({ id: 'Attempt', description: 'One try at an execution.' })

/** One try at an execution. */
export type AttemptRecord = z.infer<typeof attemptSchema>

/** An execution without its list of files, as lists have it. */
export const executionSummarySchema = z
  .object({
    id: executionIdSchema,
    status: statusSchema,
    cause: causeSchema.nullable(),
    exitCode: z.int().nullable(),
    signal: z.string().nullable(),
    /** What it waits for, or what happened, in words, where status and cause alone do not say it. */
    message: z.string().nullable(),
    script: z.string(),
    args: z.array(z.string()),
    rewrites: z.array(rewriteSchema),
    /** Names only: values of the environment never leave the server towards a client. */
    envNames: z.array(z.string()),
    runtime: runtimeSchema,
    /** The executor that ran it, else the one it asks for, else `null`. */
    executor: executorNameSchema.nullable(),
    timeoutMs: z.int(),
    image: z.string().nullable(),
    /** What was asked for; the rest is the runner's default. */
    resources: resourcesSchema.partial(),
    network: networkSchema.nullable(),
    isolation: isolationSchema,
    labels: z.record(z.string(), z.string()),
    /** Which of its files were to come home; `null`: all. */
    outputs: z.array(z.string()).nullable(),
    priority: z.int(),
    retries: retriesSchema.nullable(),
    /** The execution that it repeats by request. */
    retryOf: executionIdSchema.nullable(),
    /** What came of the cache; `null` when it was not asked. */
    cache: cacheOutcomeSchema.nullable(),
    /** The present attempt, or the last one; 0 before the first. */
    attempt: z.int().nonnegative(),
    cancelRequested: z.boolean(),
    createdAt: z.iso.datetime(),
    /** Until when an execution that is tried again is left in the queue. */
    notBefore: time,
    claimedAt: time,
    startedAt: time,
    finishedAt: time,
    timings: timingsSchema,
    /** `null` when the script did not start, and until it has ended. */
    phases: phasesSchema.nullable(),
    usage: usageSchema.nullable(),
    /** Of all attempts together. */
    costMicrons: micronsSchema.nullable(),
    /** The output of the present attempt. */
    logs: logsSchema.extend({
      /** Since when the log is gone; absent while it is there. */
      expiredAt: z.iso.datetime().optional(),
    }),
  })
  .meta({ id: 'ExecutionSummary', description: 'An execution without its files.' })

/** An execution as lists have it. */
export type ExecutionSummary = z.infer<typeof executionSummarySchema>

/** A named file of an execution. */
export const artifactSchema = fileRefSchema
  .extend({
    kind: z.enum(['input', 'output']),
    /** Since when its bytes are gone, as the server keeps them for a time only; absent while they are there. */
    expiredAt: z.iso.datetime().optional(),
    /** Since when its bytes are gone, as somebody deleted them; absent while they are there. */
    deletedAt: z.iso.datetime().optional(),
  })
  .meta({ id: 'Artifact', description: 'A named file of an execution.' })

/** A named file of an execution. */
export type ArtifactRecord = z.infer<typeof artifactSchema>

/** One execution with the files it brought home. */
export const executionSchema = executionSummarySchema
  .extend({
    /** The output files of the last attempt. */
    artifacts: z.array(artifactSchema),
    skipped: z.array(skippedSchema),
    /** What else is worth knowing, such as that a pattern of `outputs` matched nothing. */
    notes: z.array(z.string()),
    /** Every try at it, oldest first. */
    attempts: z.array(attemptSchema),
  })
  .meta({ id: 'Execution', description: 'One accepted request to run one script once.' })

/** One execution with the files it brought home. */
export type ExecutionRecord = z.infer<typeof executionSchema>

/** The body of `POST /v1/executions/{id}/retry`. */
export const retrySchema = z
  .strictObject({
    /** The id of the new execution, minted by the caller: repeating the request finds the first. */
    id: executionIdSchema,
  })
  .meta({ id: 'Retry', description: 'A new execution of the same script with the same files.' })

/** The query of `GET /v1/executions`. */
export const listQuerySchema = z.strictObject({
  status: statusSchema.optional(),
  limit: z.coerce.number<number | string>().int().min(1).max(LIMITS.listPage).default(20),
  /** The id of the last execution of the page before. */
  before: executionIdSchema.optional(),
})

/** The query of `GET /v1/executions`, as a client may write it. */
export type ListQuery = z.input<typeof listQuerySchema>

/** A page of executions, newest first. */
export const executionPageSchema = z
  .object({ executions: z.array(executionSummarySchema), next: executionIdSchema.nullable() })
  .meta({ id: 'ExecutionPage', description: 'A page of executions, newest first.' })

/** A page of executions, newest first. */
export type ExecutionPage = z.infer<typeof executionPageSchema>

/** The query of `GET /v1/executions/{id}/artifacts`. */
export const artifactQuerySchema = z.strictObject({
  /** An archive has the output files only, unless `kind` says otherwise. */
  format: z.enum(['json', 'tar']).default('json'),
  kind: z.enum(['input', 'output']).optional(),
  /** Patterns, as `outputs` of a spec has them. */
  only: z.preprocess((only) => (typeof only === 'string' ? [only] : only), patternsSchema).optional(),
  /** Leaves larger files out. */
  maxFileBytes: z.coerce.number<number | string>().int().nonnegative().optional(),
  /** Leaves out all up to this one, which was the last to arrive. */
  after: pathSchema.optional(),
})

/** The query of `GET /v1/executions/{id}/artifacts`. */
export type ArtifactQuery = z.output<typeof artifactQuerySchema>

/** The files of an execution. */
export const artifactListSchema = z
  .object({ artifacts: z.array(artifactSchema) })
  .meta({ id: 'ArtifactList' })
