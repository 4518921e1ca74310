import type { Environments, Offer, PoolStats } from '@rgrid/protocol'

/** A runner as it registered itself. */
export interface StoredRunner {
  readonly id: string
  readonly project: string
  readonly pool: string
  readonly name: string
  readonly slots: number
  readonly offers: readonly Offer[]
  readonly environments: readonly Environments[]
  readonly micronsPerHour: number
}

/** A runner that was heard of. */
export interface SeenRunner {
  readonly id: string
  readonly name: string
  readonly slots: number
  readonly offers: readonly Offer[]
  /** How its waiting containers fare, as it said last; `null` when it never did. */
  readonly poolStats: PoolStats | null
  /** Why it claims nothing for now, as it said last. */
  readonly holdsBack: string | null
  readonly lastSeen: number
}

/** The runners. */
export interface RunnerStore {
  /** Stores a runner, or what it says of itself now. */
  register(runner: StoredRunner): Promise<void>
  /** The runners of a pool that were heard of within the last `withinMs`, by name. */
  list(project: string, pool: string, withinMs: number): Promise<SeenRunner[]>
}
