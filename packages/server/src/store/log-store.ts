import type { Cursor, StreamName } from '@rgrid/protocol'
import type { Fence } from './execution-store.js'

/** A piece of a log on its way into the store. */
export interface NewChunk {
  readonly seq: number
  readonly stream: StreamName
  readonly at: number
  readonly data: Uint8Array
  /** How many bytes were dropped where this chunk stands, or `UNKNOWN_GAP`. */
  readonly gapBytes: number | null
}

/** Stands where bytes may be missing, and nobody knows how many. */
export const UNKNOWN_GAP = 0

/** A piece of a log. */
export interface StoredChunk extends NewChunk {
  readonly attempt: number
}

/** Log chunks as raw bytes. */
export interface LogStore {
  /**
   * Appends chunks; those that are there already are skipped.
   *
   * @throws RGridError `lease_lost`, `log_gap` or `too_large`; nothing is stored then.
   */
  append(fence: Fence, chunks: readonly NewChunk[]): Promise<void>
  /** The chunks behind a cursor, oldest first: at least one if there is one, then up to about `maxBytes`. */
  read(project: string, id: string, after: Cursor, maxBytes: number): Promise<StoredChunk[]>
  /** The chunks before a cursor, newest first: at least one if there is one, then up to about `maxBytes`. */
  readBack(project: string, id: string, before: Cursor, maxBytes: number): Promise<StoredChunk[]>
}
