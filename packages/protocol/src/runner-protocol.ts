import * as z from 'zod'
import { runtimeRuleSchema } from './choose-runtime.js'
import { LIMITS } from './limits.js'
import { streamSchema } from './events.js'
import { noteSchema, phasesSchema, skippedSchema, usageSchema } from './execution.js'
import { executionIdSchema, runnerIdSchema } from './ids.js'
import { micronsSchema } from './microns.js'
import { networkSchema, resourcesSchema } from './resources.js'
import { executorNameSchema, runtimeSchema } from './runtimes.js'
import { fileSchema, specSchema } from './spec.js'
import { causeSchema } from './states.js'

/** How a runner starts the scripts of a runtime, and which scripts choose it. */
export const runtimeDetailSchema = z.strictObject({
  image: z.string().max(LIMITS.imageChars).nullable(),
  command: z.array(z.string().max(1024)).max(16),
  /** What installs dependencies; `null`: nothing does. */
  installer: z.string().max(64).nullable(),
  ...runtimeRuleSchema.shape,
})

/** How a runner starts the scripts of a runtime, and which scripts choose it. */
export type RuntimeDetail = z.infer<typeof runtimeDetailSchema>

/** What one executor of a runner can run. */
export const offerSchema = z.strictObject({
  executor: executorNameSchema,
  runtimes: z.array(runtimeSchema).max(LIMITS.runtimes),
  details: z.record(runtimeSchema, runtimeDetailSchema).default({}),
  /** The most that one script may use; `null`: this executor holds no script to anything. */
  resources: resourcesSchema.nullable().default(null),
  /** The networks that a script may ask for. Without isolation it always has the machine's. */
  networks: z.array(networkSchema).max(8).default(['bridge']),
  /** Patterns of images that a script may ask for in place of the runtime's, where `*` stands for anything. */
  images: z.array(z.string().min(1).max(LIMITS.imageChars)).max(256).default([]),
})

/** What one executor of a runner can run. */
export type Offer = z.infer<typeof offerSchema>

/** Names what a script runs in, such as an image by its digest: equal names are equal images, or interpreters. */
export const environmentSchema = z.string().min(1).max(LIMITS.environmentChars)

/** What the scripts of one executor run in now, as far as it is there: an image that has to be pulled has no name yet. */
export const environmentsSchema = z.strictObject({
  executor: executorNameSchema,
  /** By runtime, for scripts that ask for no image. */
  runtimes: z.record(runtimeSchema, environmentSchema),
  /** By image, as scripts may ask for it. */
  images: z
    .record(z.string().min(1).max(LIMITS.imageChars), environmentSchema)
    .refine((images) => Object.keys(images).length <= LIMITS.environmentImages, {
      message: `more than the limit of ${LIMITS.environmentImages} images`,
    }),
})

/** What the scripts of one executor run in now. */
export type Environments = z.infer<typeof environmentsSchema>

/** The body of `POST /v1/runner/register`. The order of `offers` is the runner's preference. */
export const registerSchema = z
  .strictObject({
    runnerId: runnerIdSchema,
    name: z.string().min(1).max(128),
    slots: z.int().min(1).max(1024),
    offers: z.array(offerSchema).min(1).max(8),
    environments: z.array(environmentsSchema).max(8).default([]),
    /** What an hour on this runner costs. */
    micronsPerHour: micronsSchema.default(0),
  })
  .meta({ id: 'Register' })

/** The answer to a registration. */
export const registeredSchema = z
  .object({ leaseMs: z.int().positive(), longPollMs: z.int().positive(), logBytes: z.int().positive() })
  .meta({ id: 'Registered' })

/** The answer to a registration. */
export type Registered = z.infer<typeof registeredSchema>

const waitMs = z.int().min(0).max(LIMITS.longPollMs).default(0)

/** How the waiting containers of a runner fare; the counts run from its start. */
export const poolStatsSchema = z
  .strictObject({
    waiting: z.int().nonnegative(),
    starting: z.int().nonnegative(),
    /** Scripts that found a container waiting. */
    hits: z.int().nonnegative(),
    /** Scripts that had to wait for one. */
    misses: z.int().nonnegative(),
    /** How long those have waited, all together. */
    waitedMs: z.number().nonnegative(),
  })
  .meta({
    id: 'PoolStats',
    description: 'How the waiting containers of a runner fare, counted from its start.',
  })

/** How the waiting containers of a runner fare. */
export type PoolStats = z.infer<typeof poolStatsSchema>

/** The body of `POST /v1/runner/claims`. Repeating a `claimId` returns the same claims again. */
export const claimRequestSchema = z
  .strictObject({
    /** How the waiting containers of the runner fare. */
    pool: poolStatsSchema.optional(),
    runnerId: runnerIdSchema,
    claimId: z.uuid(),
    max: z.int().min(1).max(64),
    waitMs,
    /** Why the runner holds back: it is noted, and nothing is handed out. */
    holdsBack: z.string().min(1).max(LIMITS.holdsBackChars).optional(),
  })
  .meta({ id: 'ClaimRequest' })

/** A runner's right to one attempt, with all that it needs to begin. */
export const claimSchema = z
  .object({
    executionId: executionIdSchema,
    attempt: z.int().positive(),
    leaseToken: z.string(),
    /** Whose it is. */
    project: z.string(),
    executor: executorNameSchema,
    spec: specSchema,
  })
  .meta({ id: 'Claim' })

/** A runner's right to one attempt. */
export type Claim = z.infer<typeof claimSchema>

/** The answer to a claim; empty when nothing came up in time. */
export const claimsSchema = z.object({ claims: z.array(claimSchema) }).meta({ id: 'Claims' })

const ATTEMPT_ID = /^(exec_[0-9a-f]{32})\.([1-9]\d{0,5})$/

/** An attempt's id: `<execution id>.<number>`. */
export const attemptIdSchema = z.string().regex(ATTEMPT_ID, 'must be an execution id, a dot and a number')

/** Writes an attempt's id. */
export const formatAttemptId = (executionId: string, attempt: number): string => `${executionId}.${attempt}`

/**
 * Reads an attempt's id.
 *
 * @throws TypeError when it is none; validate with {@link attemptIdSchema} first.
 */
export function parseAttemptId(id: string): { executionId: string; attempt: number } {
  const [, executionId, attempt] = ATTEMPT_ID.exec(id) ?? []
  if (executionId === undefined) throw new TypeError(`"${id}" is not an attempt's id`)
  return { executionId, attempt: Number(attempt) }
}

const leaseToken = z.string().regex(/^[0-9a-f]{32}$/)

/** The body of `POST …/started`: the last word before the script starts. */
export const startedSchema = z.strictObject({ leaseToken }).meta({ id: 'Started' })

/** The body of `POST …/renew`. The answer waits up to `waitMs` for a cancel request. */
export const renewSchema = z
  .strictObject({
    leaseToken,
    waitMs,
    phase: z.enum(['preparing', 'running', 'finishing']).default('running'),
    /** What the runner is about while it prepares: shown to who waits. */
    message: z.string().max(LIMITS.progressChars).optional(),
  })
  .meta({ id: 'Renew' })

/** What the server wants of a running attempt. */
export const leaseStateSchema = z.object({ cancelRequested: z.boolean() }).meta({ id: 'LeaseState' })

/** What the server wants of a running attempt. */
export type LeaseState = z.infer<typeof leaseStateSchema>

/**
 * The body of `POST …/adopt`: a runner goes on with a script that another, which was killed, has started. From then on
 * `nextLeaseToken` is the lease's token, so that nothing that is still on its way from the other counts any more.
 */
export const adoptSchema = z
  .strictObject({ leaseToken, nextLeaseToken: leaseToken, runnerId: runnerIdSchema })
  .meta({ id: 'Adopt' })

/** What a runner says to go on with a script. */
export type Adopt = z.infer<typeof adoptSchema>

/** The answer to it: the attempt is the runner's now, and this is what the server has of its log. */
export const adoptedSchema = leaseStateSchema
  .extend({
    /** The number of the last log chunk; the next one follows it. */
    lastSeq: z.int().nonnegative(),
    /** Over both streams. */
    storedBytes: z.int().nonnegative(),
  })
  .meta({ id: 'Adopted' })

/** What a runner learns of an attempt that it goes on with. */
export type Adopted = z.infer<typeof adoptedSchema>

/**
 * A piece of a log on its way to the server. `gapBytes` stands in place of bytes that were dropped; `null`: some may be
 * missing, and nobody knows how many.
 */
export const logChunkSchema = z
  .strictObject({
    seq: z.int().positive(),
    stream: streamSchema,
    at: z.int().nonnegative(),
    data: z.base64().max(Math.ceil(LIMITS.logChunkBytes / 3) * 4),
    gapBytes: z.int().positive().nullable().optional(),
  })
  .meta({ id: 'LogChunk' })

/** A piece of a log on its way to the server. */
export type LogChunk = z.infer<typeof logChunkSchema>

const chunks = z.array(logChunkSchema).max(4096)

/** The body of `POST …/logs`. */
export const appendLogsSchema = z.strictObject({ leaseToken, chunks }).meta({ id: 'AppendLogs' })

/**
 * The body of `POST …/outputs`: some of the files that the attempt made, ahead of its end. They come home with those of
 * `complete`, and with no other attempt. Of one path the last word counts.
 */
export const appendOutputsSchema = z
  .strictObject({ leaseToken, outputs: z.array(fileSchema).min(1).max(LIMITS.outputRequestFiles) })
  .meta({ id: 'AppendOutputs' })

/** The body of `POST …/complete`: how the attempt ended, its last log chunks and the files it made. */
export const completeSchema = z
  .strictObject({
    leaseToken,
    chunks: chunks.default([]),
    cause: causeSchema,
    exitCode: z.int().min(0).max(255).nullable(),
    signal: z.string().max(16).nullable(),
    message: z.string().max(4096).nullable().default(null),
    usage: usageSchema.nullable().default(null),
    phases: phasesSchema.nullable().default(null),
    /** What the script ran in; `null`: it did not start. */
    environment: environmentSchema.nullable().default(null),
    outputs: z.array(fileSchema).max(LIMITS.outputRequestFiles).default([]),
    skipped: z.array(skippedSchema).max(1000).default([]),
    notes: z.array(noteSchema).max(LIMITS.notes).default([]),
  })
  .meta({ id: 'Complete' })

/** How an attempt ended. */
export type Complete = z.infer<typeof completeSchema>

/** The body of `POST /v1/blobs/missing` and its answer. */
export const digestsSchema = z
  .strictObject({ digests: z.array(z.string().regex(/^[0-9a-f]{64}$/)).max(LIMITS.inputFiles) })
  .meta({ id: 'Digests' })

/** An answer without content of its own. */
export const okSchema = z.object({ ok: z.literal(true) }).meta({ id: 'Ok' })
