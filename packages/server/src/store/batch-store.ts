import type { BatchCounts, BatchItemRecord, BatchSpec, ItemOutcome, Rerun, Status } from '@rgrid/protocol'
import type { Submission } from './execution-store.js'

/** A batch as it is stored. Times are in milliseconds. */
export interface StoredBatch extends BatchSpec {
  readonly id: string
  readonly cancelRequested: boolean
  readonly createdAt: number
  /** When the last item had been added; `null` while there may be more. */
  readonly sealedAt: number | null
}

/** An item to be added. */
export interface NewItem {
  readonly index: number
  readonly name: string
  /** What is started for it, unless something else stands for it. */
  readonly submission: Submission & {
    readonly batch: { readonly lane: string; readonly fingerprint: string }
  }
  /** An execution that has ended and whose files are there. */
  readonly reusable: string | undefined
}

/** An item that is to be started again, and the execution that failed for it. */
export interface RetriedItem {
  readonly index: number
  readonly failedId: string
  readonly submission: NewItem['submission']
}

/** An item with the execution that stands for it. */
export interface AddedItem {
  readonly index: number
  readonly executionId: string
  readonly outcome: ItemOutcome
}

/** An execution that has ended and may stand for an item, with the blobs that its files need. */
export interface Candidate {
  readonly executionId: string
  readonly fingerprint: string
  readonly status: Status
  /** Whether all output files still have their blobs, as far as the store knows. */
  readonly isWhole: boolean
  /** The blobs that are not in the store itself. */
  readonly sha256s: readonly string[]
}

/** An item whose execution has ended. */
export interface FinishedItem extends AddedItem {
  readonly name: string
  /** Numbers the ends within the batch, from 1. */
  readonly seq: number
}

/** A page of items. */
export interface ItemQuery {
  readonly failed: boolean
  readonly after: number
  readonly limit: number
}

/** Batches and their items. */
export interface BatchStore {
  /**
   * Opens a batch; opening it again changes nothing.
   *
   * @throws RGridError `id_conflict` when it is another one's.
   */
  open(project: string, id: string, spec: BatchSpec): Promise<void>
  find(project: string, id: string): Promise<StoredBatch | undefined>
  /**
   * A page, newest first.
   *
   * @throws RGridError `not_found` when `before` is none of the project's batches.
   */
  list(project: string, query: { limit: number; before?: string | undefined }): Promise<StoredBatch[]>
  /** What goes into the fingerprints of a project: random, and the same for good. */
  getSalt(project: string): Promise<string>
  /** Finds executions that have ended and may stand for others, the best of each fingerprint first. */
  findCandidates(project: string, fingerprints: readonly string[], rerun: Rerun): Promise<Candidate[]>
  /**
   * Adds items, in one transaction: those that are there already stay as they are, those that run already are joined
   * unless all are to run anew, and the rest is reused or started. For one with a key stands what has that key.
   *
   * @throws RGridError what {@link ExecutionStore.submit} throws, `invalid_request` when the batch is sealed or full, or
   * `already_finished` when it was cancelled.
   */
  add(project: string, batch: StoredBatch, items: readonly NewItem[]): Promise<AddedItem[]>
  /** Says that all items have been added. */
  seal(project: string, id: string): Promise<void>
  /** How far a batch is, what it has cost, and when its last item ended. */
  count(
    project: string,
    id: string,
  ): Promise<{ counts: BatchCounts; costMicrons: number; lastEndAt: number | null }>
  /**
   * Starts items again that have failed, in one transaction; those that are not what they were any more stay as they are.
   *
   * @returns how many it started.
   * @throws RGridError what {@link ExecutionStore.submit} throws.
   */
  retry(project: string, batchId: string, items: readonly RetriedItem[]): Promise<number>
  listItems(project: string, id: string, query: ItemQuery): Promise<BatchItemRecord[]>
  /** The items that have ended since the end with the number `after`, in that order. */
  listFinished(project: string, id: string, after: number, limit: number): Promise<FinishedItem[]>
  /** Notes that a batch is to be cancelled, so that no more is added. */
  requestCancel(project: string, id: string): Promise<void>
  /** Some of the executions of a batch that have not ended and that nobody has asked to. */
  listUnfinished(project: string, id: string, limit: number): Promise<string[]>
  /** The batches that an execution is in and that end with their first failure. */
  listFailingFast(project: string, executionId: string): Promise<string[]>
}
