import type { ExecutionRecord } from '@rgrid/protocol'
import type { Api } from '@rgrid/protocol/client'
import { checkDownloadOptions } from '../download/plan-download.js'
import { downloadArtifacts } from '../download/download-artifacts.js'
import type { Result } from '../types.js'
import { createArtifact } from './create-artifact.js'
import { requireCause, RunError } from './run-error.js'
import type { Captured } from './text-capture.js'

/** What is known of a finished execution without its output. */
export type ExecutionEnd = Omit<Result, keyof Captured | 'orThrow'>

/** Makes the result of a finished execution from the server's record and the captured text. */
export function createResult(api: Api, record: ExecutionRecord, captured: Captured): Result {
  const result: Result = {
    ...createEnd(api, record),
    ...captured,
    orThrow() {
      if (!result.ok) throw new RunError(result)
      return result
    },
  }
  return result
}

/** Makes the part of a result that needs no output. */
export function createEnd(api: Api, record: ExecutionRecord): ExecutionEnd {
  const { id, status, exitCode, signal, message, skipped, notes, usage, timings, costMicrons, cache } = record
  const artifacts = record.artifacts.map((artifact) => createArtifact(api, id, artifact))
  return {
    id,
    status,
    cause: requireCause(record.cause, id),
    ok: status === 'completed',
    exitCode,
    signal,
    message,
    artifacts,
    skipped,
    notes,
    cached: cache?.hit === true,
    cache,
    usage,
    timings,
    costMicrons,
    record,
    async download(directory, options = {}) {
      checkDownloadOptions(options)
      return downloadArtifacts({ api, executionId: id, artifacts: record.artifacts }, directory, options)
    },
  }
}
