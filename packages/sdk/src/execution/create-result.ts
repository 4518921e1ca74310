import type { ExecutionRecord } from '@rgrid/protocol'
import type { Api } from '@rgrid/protocol/client'
import { checkDownloadOptions } from '../download/plan-download.js'
import { downloadArtifacts } from '../download/download-artifacts.js'
import type { Result } from '../types.js'
import { createArtifact } from './create-artifact.js'
import { requireCause, RunError } from './run-error.js'
import type { Captured } from './text-capture.js'

/** Makes the result of a finished execution from the server's record and the captured text. */
export function createResult(api: Api, record: ExecutionRecord, captured: Captured): Result {
  const { id, status, exitCode, signal, message, skipped, notes, usage, timings, costMicrons } = record
  const artifacts = record.artifacts.map((artifact) => createArtifact(api, id, artifact))
  const result: Result = {
    id,
    status,
    cause: requireCause(record.cause, id),
    ok: status === 'completed',
    exitCode,
    signal,
    message,
    ...captured,
    artifacts,
    skipped,
    notes,
    usage,
    timings,
    costMicrons,
    record,
    orThrow() {
      if (!result.ok) throw new RunError(result)
      return result
    },
    async download(directory, options = {}) {
      checkDownloadOptions(options)
      return downloadArtifacts({ api, executionId: id, artifacts: record.artifacts }, directory, options)
    },
  }
  return result
}
