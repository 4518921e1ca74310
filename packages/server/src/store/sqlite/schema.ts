import type {
  Cause,
  ExecutorName,
  ItemOutcome,
  Network,
  Rerun,
  Runtime,
  Status,
  StreamName,
} from '@rgrid/protocol'
import type { Generated } from 'kysely'

/** The tables. Times are epoch milliseconds, truth values 0 or 1, JSON is text. */
export interface Database {
  executions: ExecutionsTable
  attempts: AttemptsTable
  log_chunks: LogChunksTable
  artifacts: ArtifactsTable
  staged_outputs: StagedOutputsTable
  blobs: BlobsTable
  keys: KeysTable
  runners: RunnersTable
  lanes: LanesTable
  batches: BatchesTable
  batch_items: BatchItemsTable
  losses: LossesTable
  retention_marks: RetentionMarksTable
  retention_turn: RetentionTurnTable
  cache_calls: CacheCallsTable
  salts: { project: string; salt: string }
  queue_lengths: { project: string; length: number }
}

/** One row per execution. */
export interface ExecutionsTable {
  id: string
  project: string
  pool: string
  status: Status
  runtime: Runtime
  wanted_executor: ExecutorName | null
  spec: string
  spec_hash: string
  executor: Generated<ExecutorName | null>
  attempt: Generated<number>
  lease_token: Generated<string | null>
  lease_until: Generated<number | null>
  runner_id: Generated<string | null>
  claim_id: Generated<string | null>
  cancel_requested: Generated<number>
  cause: Generated<Cause | null>
  exit_code: Generated<number | null>
  signal: Generated<string | null>
  message: Generated<string | null>
  usage: Generated<string | null>
  cost_microns: Generated<number | null>
  skipped: Generated<string>
  created_at: number
  claimed_at: Generated<number | null>
  started_at: Generated<number | null>
  finishing_at: Generated<number | null>
  finished_at: Generated<number | null>
  stdout_bytes: Generated<number>
  stderr_bytes: Generated<number>
  dropped_bytes: Generated<number>
  last_seq: Generated<number>
  image: Generated<string | null>
  network: Generated<Network | null>
  cpus: Generated<number | null>
  memory_mib: Generated<number | null>
  pids: Generated<number | null>
  disk_mib: Generated<number | null>
  progress: Generated<string | null>
  phases: Generated<string | null>
  notes: Generated<string>
  lane: Generated<string | null>
  fingerprint: Generated<string | null>
  key: Generated<string | null>
  priority: Generated<number>
  not_before: Generated<number | null>
  queued_at: Generated<number | null>
  retry_of: Generated<string | null>
  cache: Generated<string | null>
  environment: Generated<string | null>
}

/** The executions that asked the cache, by what they call. */
export interface CacheCallsTable {
  execution_id: string
  project: string
  script: string
  args_hash: string
  created_at: number
}

/** How many executions of a lane run at once. */
export interface LanesTable {
  project: string
  lane: string
  parallel: number | null
}

/** Batches. */
export interface BatchesTable {
  id: string
  project: string
  lane: string
  parallel: number | null
  fail_fast: number
  rerun: Rerun
  labels: string
  cancel_requested: Generated<number>
  created_at: number
  sealed_at: Generated<number | null>
  /** How many ends of its items have been numbered; an item that is run again ends twice. */
  ends: Generated<number>
}

/** The executions that stand for the items of batches. `finished_seq` numbers those of a batch that have ended. */
export interface BatchItemsTable {
  batch_id: string
  item: number
  name: string
  execution_id: string
  outcome: ItemOutcome
  finished_seq: Generated<number | null>
}

/** One row per try. */
export interface AttemptsTable {
  execution_id: string
  attempt: number
  runner_id: string
  executor: ExecutorName
  claimed_at: number
  started_at: number | null
  ended_at: number | null
  outcome: Status | null
  cause: Generated<Cause | null>
  exit_code: Generated<number | null>
  signal: Generated<string | null>
  message: Generated<string | null>
  usage: Generated<string | null>
  cost_microns: Generated<number | null>
  memory_mib: number | null
  stdout_bytes: Generated<number>
  stderr_bytes: Generated<number>
  dropped_bytes: Generated<number>
  last_seq: Generated<number>
}

/** Raw log bytes. */
export interface LogChunksTable {
  execution_id: string
  attempt: number
  seq: number
  stream: StreamName
  at: number
  data: Uint8Array
  gap_bytes: number | null
}

/** Named files of executions. */
export interface ArtifactsTable {
  execution_id: string
  kind: 'input' | 'output'
  path: string
  sha256: string
  size: number
  executable: number
  project: string
  gone_at: Generated<number | null>
  is_deleted: Generated<number>
}

/** What attempts have made that have not ended. */
export interface StagedOutputsTable {
  execution_id: string
  attempt: number
  path: string
  sha256: string
  size: number
  executable: number
}

/** The blobs of each project; `data` only for those that came inside a request. */
export interface BlobsTable {
  project: string
  sha256: string
  size: number
  data: Uint8Array | null
  created_at: number
  wanted_at: Generated<number>
  check_at: Generated<number | null>
}

/**
 * What has been taken from ended executions, whose own rows never change: one that has a row here is not whole any more,
 * and must not stand in for another. What is `is_pending` is still being taken away, also when its server was killed.
 */
export interface LossesTable {
  execution_id: string
  files_at: number | null
  logs_at: number | null
  is_removed: number
  is_pending: number
}

/** How far each policy has come: all that finished up to here is done. */
export interface RetentionMarksTable {
  what: string
  finished_at: number
  execution_id: string
}

/** Whose turn it is to collect; one row. `position` counts the rounds. */
export interface RetentionTurnTable {
  id: 1
  holder: string
  held_until: number
  ended_at: number
  position: number
}

/** API keys. */
export interface KeysTable {
  id: string
  project: string
  scopes: string
  secret_hash: Uint8Array
  created_at: number
}

/** Runners. */
export interface RunnersTable {
  id: string
  project: string
  pool: string
  name: string
  slots: number
  offers: string
  environments: Generated<string>
  microns_per_hour: number
  registered_at: number
  last_seen: number
  pool_stats: Generated<string | null>
  holds_back: Generated<string | null>
}
