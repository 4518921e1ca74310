export { RGridError } from '@rgrid/protocol'
export type {
  Cause,
  ErrorCode,
  ExecutionPage,
  ExecutionRecord,
  ExecutionSummary,
  ExecutorName,
  ListQuery,
  Runtime,
  Status,
  StreamName,
  Timings,
  Usage,
} from '@rgrid/protocol'
export { createClient } from './create-client.js'
export { RunError } from './execution/run-error.js'
export { attach, run } from './run.js'
export type {
  Artifact,
  ClientOptions,
  Execution,
  LogPiece,
  Result,
  RGridClient,
  RunOptions,
} from './types.js'
