import type {
  Adopt,
  Adopted,
  ArtifactRecord,
  CacheOutcome,
  Cause,
  ExecutorName,
  FileRef,
  Phases,
  PoolStats,
  Skipped,
  Spec,
  Status,
  Usage,
} from '@rgrid/protocol'
import type { CacheCall } from './cache-store.js'
import type { NewChunk } from './log-store.js'
import type { Needs } from './needs.js'

/** A spec without its files, which are artifacts of kind `input`. */
export type StoredSpec = Omit<Spec, 'files'>

/** The parts of an execution that followers and renewals look at again and again. */
export interface Glance {
  readonly status: Status
  readonly attempt: number
  readonly cancelRequested: boolean
  /** The number of the last log chunk of this attempt. */
  readonly lastSeq: number
  readonly pool: string
  readonly needs: Needs
  readonly progress: string | null
}

/** An execution as it is stored. Times are in milliseconds. */
export interface StoredExecution {
  readonly id: string
  readonly project: string
  readonly pool: string
  readonly status: Status
  readonly cause: Cause | null
  readonly exitCode: number | null
  readonly signal: string | null
  readonly message: string | null
  /** What its runner says of its preparations, or why it is queued again; `null` otherwise. */
  readonly progress: string | null
  readonly spec: StoredSpec
  /** What the next attempt asks of a runner: more than the spec does where it is given more memory. */
  readonly needs: Needs
  readonly priority: number
  /** The execution that it repeats by request. */
  readonly retryOf: string | null
  readonly executor: ExecutorName | null
  readonly attempt: number
  readonly cancelRequested: boolean
  readonly createdAt: number
  /** Since when it may be claimed. */
  readonly queuedAt: number
  /** Until when a queued execution is left alone. */
  readonly notBefore: number | null
  readonly claimedAt: number | null
  readonly startedAt: number | null
  readonly finishingAt: number | null
  readonly finishedAt: number | null
  readonly usage: Usage | null
  readonly phases: Phases | null
  readonly costMicrons: number | null
  readonly skipped: readonly Skipped[]
  readonly notes: readonly string[]
  readonly stdoutBytes: number
  readonly stderrBytes: number
  readonly droppedBytes: number
  readonly lastSeq: number
  /** What came of the cache; `null`: it was not asked. */
  readonly cache: CacheOutcome | null
  /** What it works out, where it was started for a batch or asked the cache. */
  readonly fingerprint: string | null
}

/** One try at an execution. Times are in milliseconds. */
export interface StoredAttempt {
  readonly attempt: number
  readonly runner: { readonly id: string; readonly name: string | null }
  readonly executor: ExecutorName
  /** `null`: the runner's default. */
  readonly memoryMib: number | null
  readonly claimedAt: number
  readonly startedAt: number | null
  readonly endedAt: number | null
  /** The status that this attempt alone leads to. */
  readonly outcome: Status | null
  readonly cause: Cause | null
  readonly exitCode: number | null
  readonly signal: string | null
  readonly message: string | null
  readonly usage: Usage | null
  readonly costMicrons: number | null
  readonly stdoutBytes: number
  readonly stderrBytes: number
  readonly droppedBytes: number
  readonly lastSeq: number
}

/** The bytes of a small file that travelled inside a request. */
export interface InlineBlob {
  readonly sha256: string
  readonly data: Uint8Array
}

/** An execution to be accepted. */
export interface Submission {
  readonly id: string
  readonly project: string
  readonly pool: string
  readonly spec: StoredSpec
  /** Over everything that the caller sent, to tell a repetition from another body. */
  readonly specHash: string
  readonly files: readonly FileRef[]
  readonly inline: readonly InlineBlob[]
  /** What it is in a batch. */
  readonly batch?: { readonly lane: string; readonly fingerprint: string }
  /** What it asks the cache. */
  readonly cache?: CacheCall | undefined
  /** The execution that it repeats by request. */
  readonly retryOf?: string | undefined
}

/** A runner's proof that an attempt is still its own. */
export interface Fence {
  readonly project: string
  readonly executionId: string
  readonly attempt: number
  readonly leaseToken: string
}

/** The runner that goes on with an attempt, and the token of its lease. */
export type Heir = Pick<Adopt, 'runnerId' | 'nextLeaseToken'>

/** What a runner asks for. */
export interface ClaimOrder {
  readonly project: string
  readonly pool: string
  readonly runnerId: string
  readonly claimId: string
  readonly max: number
  readonly leaseMs: number
  /** The executors that this server allows, whatever the runner offers. */
  readonly executors: readonly ExecutorName[]
  /** How the runner's waiting containers fare. */
  readonly poolStats?: PoolStats | undefined
  /** Why the runner holds back; it is handed nothing then. */
  readonly holdsBack?: string | undefined
}

/** An attempt that was handed to a runner. */
export interface StoredClaim {
  readonly executionId: string
  readonly attempt: number
  readonly leaseToken: string
  readonly project: string
  readonly executor: ExecutorName
  readonly spec: StoredSpec
  /** The input files, with the bytes of those that are kept in the store. */
  readonly files: readonly { readonly file: FileRef; readonly data: Uint8Array | null }[]
}

/** How far a runner is with an attempt. */
export interface Progress {
  readonly phase: 'preparing' | 'running' | 'finishing'
  /** What it is about while it prepares; what it said before stands when this is left out. */
  readonly message?: string | undefined
}

/** How an attempt ended, as its runner reports it. Where another follows, its files are not kept. */
export interface Completion {
  readonly status: Status
  readonly cause: Cause
  readonly exitCode: number | null
  readonly signal: string | null
  readonly message: string | null
  readonly usage: Usage | null
  /** Kept only when the script had started. */
  readonly phases: Phases | null
  /** What the script ran in. */
  readonly environment: string | null
  readonly chunks: readonly NewChunk[]
  readonly outputs: readonly FileRef[]
  readonly inline: readonly InlineBlob[]
  readonly skipped: readonly Skipped[]
  readonly notes: readonly string[]
  /** The most memory that another attempt may have. @default what a spec may ask for */
  readonly memoryCeilingMib?: number | undefined
}

/** What became of an execution with the end of an attempt. */
export interface Completed {
  /** `false`: this same lease ended it before. */
  readonly isNew: boolean
  readonly lane: string | null
  /** When another attempt is due; `null`: there is none. */
  readonly retryInMs: number | null
}

/** An execution whose status the sweep has changed. */
export interface Swept {
  readonly id: string
  readonly project: string
  readonly pool: string
  readonly status: Status
  readonly lane: string | null
  /** When a queued one is due. */
  readonly dueInMs: number
}

/** How long the sweep waits before it acts. */
export interface SweepLimits {
  readonly leaseMarginMs: number
  /** How long an execution of a pool that lives inside one process waits for that process's runner. */
  readonly embeddedGraceMs: number
}

/** A page of executions. */
export interface PageQuery {
  readonly status?: Status | undefined
  readonly limit: number
  readonly before?: string | undefined
}

/**
 * The executions and their queue. Methods that take a {@link Fence} throw an RGridError `lease_lost` and change
 * nothing when the fence does not name the current attempt.
 */
export interface ExecutionStore {
  /**
   * Accepts an execution; `false` when it was accepted before.
   *
   * @throws RGridError `id_conflict`, `key_taken`, `key_conflict`, `missing_blobs`, `digest_mismatch` or `queue_full`;
   * nothing is stored then.
   */
  submit(submission: Submission): Promise<boolean>
  find(project: string, id: string): Promise<StoredExecution | undefined>
  glance(project: string, id: string): Promise<Glance | undefined>
  /** The tries at an execution, oldest first. */
  listAttempts(project: string, id: string): Promise<StoredAttempt[]>
  /**
   * A page, newest first.
   *
   * @throws RGridError `not_found` when `before` is none of the project's executions.
   */
  list(project: string, query: PageQuery): Promise<StoredExecution[]>
  /** The artifacts of an execution, ordered by kind and path. */
  listArtifacts(project: string, id: string, kind?: ArtifactRecord['kind']): Promise<ArtifactRecord[]>
  findArtifact(
    project: string,
    id: string,
    kind: ArtifactRecord['kind'],
    path: string,
  ): Promise<ArtifactRecord | undefined>
  /**
   * Cancels a queued execution at once and asks the runner of another one to; `undefined` when it is not there.
   *
   * @throws RGridError `already_finished`, unless it was cancelled before.
   */
  cancel(project: string, id: string): Promise<'cancelled' | 'requested' | undefined>
  /**
   * Hands out executions that fit what the runner offers: those of the highest priority first, and of equals the oldest.
   * Repeating a claim id returns its claims.
   *
   * @throws RGridError `runner_unknown`.
   */
  claim(order: ClaimOrder): Promise<StoredClaim[]>
  /** Moves to `running`, unless a cancel was requested before. */
  start(fence: Fence): Promise<{ cancelRequested: boolean }>
  /** Extends the lease, and notes how far the runner is; `changed` when that is news. */
  renew(
    fence: Fence,
    leaseMs: number,
    progress: Progress,
  ): Promise<{ cancelRequested: boolean; changed: boolean }>
  /**
   * Gives an attempt whose script has started to another runner, under another token. Repeating it changes nothing.
   *
   * @throws RGridError `runner_unknown`.
   */
  adopt(fence: Fence, heir: Heir, leaseMs: number): Promise<Adopted>
  /**
   * Takes some of the files that an attempt has made. They are seen once it ends; of one path the last word counts.
   *
   * @throws RGridError `missing_blobs`, `digest_mismatch` or `too_large`; nothing is stored then.
   */
  appendOutputs(fence: Fence, files: readonly FileRef[], inline: readonly InlineBlob[]): Promise<void>
  /**
   * Ends an attempt, and with it the execution, unless its spec has it tried again after such an end.
   *
   * @throws RGridError `missing_blobs`, `digest_mismatch`, `too_large` or `log_gap`; nothing is stored then.
   */
  complete(fence: Fence, completion: Completion): Promise<Completed>
  /** Takes away the leases that ran out, and gives up what no runner will ever claim. */
  sweep(limits: SweepLimits): Promise<Swept[]>
}
