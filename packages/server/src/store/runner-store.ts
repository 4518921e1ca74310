import type { Offer } from '@rgrid/protocol'

/** A runner as it registered itself. */
export interface StoredRunner {
  readonly id: string
  readonly project: string
  readonly pool: string
  readonly name: string
  readonly slots: number
  readonly offers: readonly Offer[]
  readonly micronsPerHour: number
}

/** The runners. */
export interface RunnerStore {
  /** Stores a runner, or what it says of itself now. */
  register(runner: StoredRunner): Promise<void>
  /** The offers of the runners of a pool that were heard of within the last `withinMs`. */
  listOffers(project: string, pool: string, withinMs: number): Promise<Offer[][]>
}
