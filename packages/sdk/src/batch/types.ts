import type {
  BatchCounts,
  BatchItemPage,
  BatchPage,
  BatchRecord,
  Cause,
  ItemOutcome,
  Status,
  StreamName,
} from '@rgrid/protocol'
import type { Staying } from '../files/keep-links.js'
import type { LogPiece, Result } from '../types.js'

/** How far a batch is. */
export interface BatchProgress {
  /** Items that have ended. */
  readonly done: number
  /** Of those, the ones that ended otherwise than with exit code 0. */
  readonly failed: number
  /** Of those that are done, the ones that were run before. */
  readonly reused: number
  readonly running: number
  readonly queued: number
  /** All items, as far as they are known. */
  readonly total: number
  /** From 0 to 100; `null` while nobody knows how many items there will be. */
  readonly percent: number | null
  /** The time that is left, judged by the items so far; `null` while there is nothing to judge by. */
  readonly etaMs: number | null
}

/** An item that ended otherwise than with exit code 0. */
export interface FailedItem {
  readonly index: number
  readonly name: string
  /** The id of its execution, by which its log is found. */
  readonly id: string
  readonly status: Status
  readonly cause: Cause
  readonly exitCode: number | null
  readonly message: string | null
}

/** How a batch ended. */
export interface BatchSummary {
  readonly id: string
  /** Whether every item ended with exit code 0, now or before. */
  readonly ok: boolean
  readonly counts: BatchCounts
  /** By their index. */
  readonly failed: readonly FailedItem[]
  /** Of what was run for this batch, in microns: one currency unit is 1,000,000. */
  readonly costMicrons: number
  /** The server's record. */
  readonly record: BatchRecord
}

/** How one item of a batch ended: as the result of an execution, with its output read when it is asked for. */
export interface BatchResult extends Omit<
  Result,
  'stdout' | 'stderr' | 'stdoutTruncated' | 'stderrTruncated' | 'orThrow'
> {
  /** Its place in the batch, from 0. */
  readonly index: number
  readonly name: string
  /** Whether it was run for this batch, joined as an earlier batch ran it, or was run before. */
  readonly outcome: ItemOutcome
  /** Whether it was run before. */
  readonly reused: boolean
  /** Its output, from the beginning. */
  logs(): AsyncIterable<LogPiece>
  /** One stream of its output as text. @default 'stdout' */
  text(stream?: StreamName): Promise<string>
}

/**
 * A batch under way: a promise of its {@link BatchSummary}, and the results of its items as they end. It goes on whether
 * or not anyone looks.
 */
export interface Batch extends Promise<BatchSummary>, AsyncIterable<BatchResult> {
  readonly id: string
  /** Resolves once the server has accepted every item. */
  readonly accepted: Promise<void>
  /** How far it is, live. Who is slow misses steps, and never the last. */
  readonly progress: AsyncIterable<BatchProgress>
  /** Calls back at every step, beginning with the present one. Returns a way to stop. */
  onProgress(listener: (progress: BatchProgress) => void): () => void
  /**
   * Calls back with what was found and does not travel, such as links that lead elsewhere, first for all items and then
   * for each. Returns a way to stop.
   */
  onStaying(listener: (staying: readonly Staying[]) => void): () => void
  /** Asks for the end of every item. Resolves when the server has noted it; the summary follows. */
  cancel(): Promise<void>
  /** Cancels the batch unless it is over, and waits for its end. */
  [Symbol.asyncDispose](): Promise<void>
}

/** The batches of a server. */
export interface Batches {
  /** A page of batches, newest first. */
  list(query?: { readonly limit?: number; readonly before?: string }): Promise<BatchPage>
  /** @throws RGridError `not_found` */
  get(id: string): Promise<BatchRecord>
  /** A page of items, by their index. */
  items(
    id: string,
    query?: { readonly failed?: boolean; readonly after?: number; readonly limit?: number },
  ): Promise<BatchItemPage>
  /** @throws RGridError `not_found`, `already_finished` */
  cancel(id: string): Promise<void>
  /** Runs the items again that have failed, and returns how many those are. */
  retry(id: string): Promise<number>
}
