export { RGridError } from '@rgrid/protocol'
export type {
  AttemptRecord,
  BatchCounts,
  BatchItemPage,
  BatchItemRecord,
  BatchPage,
  BatchRecord,
  CacheOptions,
  CacheOutcome,
  Cause,
  ErrorCode,
  ExecutionPage,
  ExecutionRecord,
  ExecutionSummary,
  ExecutorName,
  Isolation,
  ItemOutcome,
  ListQuery,
  Network,
  Phases,
  Rerun,
  Resources,
  Retries,
  RunnerRecord,
  Runtime,
  RuntimeRecord,
  Status,
  StreamName,
  Timings,
  Usage,
} from '@rgrid/protocol'
export type { BatchEach, BatchItemInput, BatchOptions } from './batch/batch-options.js'
export type { Batch, Batches, BatchProgress, BatchResult, BatchSummary, FailedItem } from './batch/types.js'
export { createClient } from './create-client.js'
export { DownloadError, type NotSaved } from './download/download-error.js'
export { RunError } from './execution/run-error.js'
export type { Reason } from './files/collect-files.js'
export type { PlannedFile, RunPlan } from './plan.js'
export type { UploadProgress } from './execution/upload-board.js'
export type { Staying } from './files/keep-links.js'
export type { InputData } from './files/spool.js'
export type { Input, RunOptions } from './run-options.js'
export { attach, attachBatch, batch, plan, run } from './run.js'
export type {
  Artifact,
  ClientOptions,
  DownloadOptions,
  Execution,
  LogPiece,
  LogsOptions,
  Result,
  RGridClient,
  StatusListener,
} from './types.js'
