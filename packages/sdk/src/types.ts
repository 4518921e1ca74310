import type {
  ArtifactRecord,
  CacheOutcome,
  Cause,
  ExecutionPage,
  ExecutionRecord,
  ListQuery,
  RunnerRecord,
  RuntimeRecord,
  Skipped,
  Status,
  StreamName,
  Timings,
  Usage,
} from '@rgrid/protocol'
import type { Fetch } from '@rgrid/protocol/client'
import type { BatchOptions } from './batch/batch-options.js'
import type { Batch, Batches } from './batch/types.js'
import type { UploadProgress } from './execution/upload-board.js'
import type { RunPlan } from './plan.js'
import type { RunOptions } from './run-options.js'

/** A piece of a script's output. */
export interface LogPiece {
  readonly stream: StreamName
  /** The attempt that printed it, counted from 1; 0 when the output comes from the cache. */
  readonly attempt: number
  /** The text, decoded by one decoder per stream: a character that is split between pieces arrives whole. */
  readonly text: string
  /** The exact bytes. */
  readonly bytes: Uint8Array
  /** When the runner read it. */
  readonly at: Date
  /**
   * How many bytes are missing before this piece: those of a very long log that were not kept. `null` where a runner was
   * killed and another went on with the script: some may be missing there, and nobody knows how many.
   *
   * @default 0
   */
  readonly gapBytes: number | null
}

/** A file that an execution brought home. Its bytes stay on the server until they are asked for. */
export interface Artifact extends ArtifactRecord {
  text(): Promise<string>
  bytes(): Promise<Uint8Array>
  /** @throws SyntaxError when it is not JSON */
  json(): Promise<unknown>
  /** The bytes as they come; the other ways check that they are those of the digest. */
  stream(): Promise<ReadableStream<Uint8Array>>
  /** Writes the file atomically, and creates the folders above it. */
  save(path: string): Promise<void>
}

/** What is downloaded. */
export interface DownloadOptions {
  /**
   * Patterns of paths, such as `'charts/*.svg'` or `'!**\/*.tmp'`, which leaves out what it matches.
   *
   * @default all files
   */
  readonly only?: readonly string[] | undefined
}

/** How an execution ended. */
export interface Result {
  readonly id: string
  readonly status: Status
  readonly cause: Cause
  /** Whether the script ended with exit code 0. */
  readonly ok: boolean
  /** `null` when the script did not exit by itself. */
  readonly exitCode: number | null
  /** The signal that ended the script, such as `SIGKILL`. */
  readonly signal: string | null
  /** What happened, in words, where the cause does not say it. */
  readonly message: string | null
  /** The first MiB of stdout as text, of the last attempt. */
  readonly stdout: string
  /** The first MiB of stderr as text, of the last attempt. */
  readonly stderr: string
  /** Whether stdout had more than is in {@link Result.stdout}. */
  readonly stdoutTruncated: boolean
  /** Whether stderr had more than is in {@link Result.stderr}. */
  readonly stderrTruncated: boolean
  /**
   * The files that the script created or changed in its working directory in the last attempt, or those of them that
   * `outputs` names.
   */
  readonly artifacts: readonly Artifact[]
  /** What was not taken home, and why. */
  readonly skipped: readonly Skipped[]
  /** What else is worth knowing, such as that a pattern of `outputs` matched nothing. */
  readonly notes: readonly string[]
  /** Whether nothing ran, and an earlier execution stood in: see `cache` of the options. */
  readonly cached: boolean
  /** What came of the cache: the execution that stood in, or why none did; `null` when it was not asked. */
  readonly cache: CacheOutcome | null
  /** What the last attempt used; `null` when the script did not start. */
  readonly usage: Usage | null
  readonly timings: Timings
  /** Of all attempts together, in microns: one currency unit is 1,000,000. */
  readonly costMicrons: number | null
  /** The server's record. */
  readonly record: ExecutionRecord
  /** Returns the result itself when {@link Result.ok}. @throws RunError otherwise */
  orThrow(): Result
  /**
   * Writes the artifacts below a directory, never outside it; returns the paths written.
   *
   * @throws DownloadError when some could not be saved; the others are.
   */
  download(directory: string, options?: DownloadOptions): Promise<string[]>
}

/**
 * Hears of a status, of what is being waited for or went before in words, and of the attempt that it is about: one that
 * is `queued` and has had attempts is tried again.
 */
export type StatusListener = (status: Status, message: string | null, attempt: number) => void

/**
 * An execution under way: a promise of its {@link Result} with ways to look at it meanwhile. It runs whether or not
 * anyone looks.
 */
export interface Execution extends Promise<Result>, AsyncIterable<LogPiece> {
  readonly id: string
  /**
   * The output from its beginning, live: of every attempt, one after the other. May be iterated any number of times;
   * leaving a loop early stops nothing. When all has come, the loop waits for the result, so that a failure of the connection surfaces in it.
   */
  logs(): AsyncIterable<LogPiece>
  /** Resolves once the server has accepted the execution. */
  readonly accepted: Promise<void>
  /** Asks for the end. Resolves when the server has noted it; the result follows. */
  cancel(): Promise<void>
  /** The server's record as it is now. */
  status(): Promise<ExecutionRecord>
  /** Calls back at every change of the status, beginning with the present one. Returns a way to stop. */
  onStatus(listener: StatusListener): () => void
  /**
   * Calls back while the files are hashed and uploaded, with how far that is, beginning with where it is now. Returns a
   * way to stop.
   */
  onUpload(listener: (progress: UploadProgress) => void): () => void
  /** Cancels the execution unless it is over, and waits for its end. */
  [Symbol.asyncDispose](): Promise<void>
}

/** What a client is made with. */
export interface ClientOptions {
  /** The server. @default RGRID_URL, else a profile, else a local `rgrid up`, else embedded */
  readonly url?: string
  /** @default RGRID_API_KEY, else the key kept for the server in ~/.rgrid/credentials */
  readonly apiKey?: string
  /** Replaces HTTP, for tests and for servers in this process. */
  readonly fetch?: Fetch
}

/** Which part of an output to read. */
export interface LogsOptions {
  /** Whether to go on until the execution ends. @default false */
  readonly follow?: boolean
  /** The number of one attempt. @default all of them, one after the other */
  readonly attempt?: number
  readonly signal?: AbortSignal
}

/** Runs scripts on one server, or in this process. */
export interface RGridClient {
  /** Where executions go: a URL, or `embedded`. */
  target(): Promise<string>
  /** Runs a script. Eager: it is on its way when this returns. */
  run(script: string, options?: RunOptions): Execution
  /** Says what {@link RGridClient.run} would send, and sends nothing. */
  plan(script: string, options?: RunOptions): Promise<RunPlan>
  /** Looks at an execution that was started elsewhere. */
  attach(id: string): Execution
  /**
   * Runs an execution that has ended again: a new one of the same script with the same arguments, environment and files.
   * The handle fails with an RGridError `not_found`, `not_finished`, or `missing_blobs` when its files are gone.
   */
  retry(id: string): Execution
  /** Runs a script over many inputs. Eager, as `run` is. */
  batch(script: string, options: BatchOptions): Batch
  /** Looks at a batch that was started elsewhere. Its results come from the first one on. */
  attachBatch(id: string): Batch
  /** The batches of the server. */
  readonly batches: Batches
  /** @throws RGridError `not_found` */
  get(id: string): Promise<ExecutionRecord>
  /** A page of executions, newest first. */
  list(query?: ListQuery): Promise<ExecutionPage>
  /** @throws RGridError `not_found`, `already_finished` */
  cancel(id: string): Promise<void>
  /**
   * Deletes an execution that has ended, with its log and files; with `output` the bytes of that output file only. Needs a
   * key with the scope `admin`.
   *
   * @throws RGridError `not_found`, `not_finished`
   */
  remove(id: string, options?: { readonly output?: string }): Promise<void>
  /** The output so far, or from its beginning to its end when `follow` is set. */
  logs(id: string, options?: LogsOptions): AsyncIterable<LogPiece>
  /** The files of an execution: those that it has made, or was given. @default those that it has made */
  artifacts(id: string, options?: { readonly kind?: ArtifactRecord['kind'] }): Promise<Artifact[]>
  /**
   * Writes the output files of an execution below a directory, never outside it; returns the paths written.
   *
   * @throws DownloadError when some could not be saved; RGridError `invalid_request` while it goes on.
   */
  download(id: string, directory: string, options?: DownloadOptions): Promise<string[]>
  /** The runners that are there now. */
  runners(): Promise<RunnerRecord[]>
  /** The runtimes that runners offer now, for each executor. */
  runtimes(): Promise<RuntimeRecord[]>
  /** Frees connections; in embedded mode stops the runner, ending what still runs. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
