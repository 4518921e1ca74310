/** What expires by itself. `executions` takes files and log along. */
export type Expiring = 'outputs' | 'logs' | 'executions'

/** What an ended execution has lost, in milliseconds since 1970; `null` for what is still there. */
export interface Losses {
  readonly filesAt: number | null
  readonly logsAt: number | null
}

/** A right to collect, which ends by itself. */
export interface Turn {
  /** Counts the rounds that were brought to their end. */
  readonly position: number
}

/** How turns are taken. */
export interface TurnOrder {
  /** Who asks; the same one keeps its turn by asking again. */
  readonly holder: string
  readonly leaseMs: number
  /** Nobody has a turn until the last round that came to its end is so old. */
  readonly everyMs: number
}

/** What one step over the blobs did. */
export interface CollectedBlobs {
  /** How many were looked at; 0 when there is none to look at now. */
  readonly looked: number
  /** The digests that a project has no more, and whose bytes were in the blob store. */
  readonly files: readonly string[]
}

/**
 * Takes away what is old, was deleted, or is of no use. Each step is one transaction over a bounded number of rows; who
 * calls pauses in between. Steps may be taken by several servers at once, and be broken off anywhere.
 */
export interface RetentionStore {
  /** Takes or keeps the turn; `undefined` when it is somebody else's, or nothing is due. */
  takeTurn(order: TurnOrder): Promise<Turn | undefined>
  /** Gives the turn back, with or without having come to the end of the round. */
  endTurn(holder: string, isDone: boolean): Promise<void>
  /** Marks executions that finished so long ago as having lost something; returns how many. */
  expire(what: Expiring, olderThanMs: number): Promise<number>
  /** Takes away some of what is marked, of one execution or of any; `false` when nothing is left. */
  drain(id?: string): Promise<boolean>
  /** Forgets blobs that nothing refers to, and that nobody was told of for `LIMITS.blobGraceMs`. */
  collectBlobs(): Promise<CollectedBlobs>
  /** Gives a little of the store's free space back to the disk; `false` when there is not much of it. */
  shrink(): Promise<boolean>
  /** What an execution has lost; all `null` for one that is whole. */
  findLosses(project: string, id: string): Promise<Losses>
  /** The same for many; those that are whole are left out. */
  listLosses(project: string, ids: readonly string[]): Promise<ReadonlyMap<string, Losses>>
  /**
   * Marks an execution for being deleted; `false` when it is not there.
   *
   * @throws RGridError `not_finished`.
   */
  remove(project: string, id: string): Promise<boolean>
  /**
   * Deletes an output file. Repeating it changes nothing; `false` when there is no such execution or output.
   *
   * @throws RGridError `not_finished`.
   */
  removeOutput(project: string, id: string, path: string): Promise<boolean>
}
