import {
  formatCursor,
  type ArtifactRecord,
  type AttemptRecord,
  type ExecutionRecord,
  type ExecutionSummary,
  type Timings,
} from '@rgrid/protocol'
import type { StoredAttempt, StoredExecution } from '../store/execution-store.js'
import type { Losses } from '../store/retention-store.js'

/** What clients see of an execution in a list. Values of the environment are left out. */
export function toSummary(stored: StoredExecution, losses?: Losses): ExecutionSummary {
  const { spec } = stored
  return {
    id: stored.id,
    status: stored.status,
    cause: stored.cause,
    exitCode: stored.exitCode,
    signal: stored.signal,
    message: stored.message ?? stored.progress,
    script: spec.script,
    args: spec.args,
    rewrites: spec.rewrites,
    envNames: Object.keys(spec.env),
    runtime: spec.runtime,
    executor: stored.executor ?? spec.executor ?? null,
    timeoutMs: spec.timeoutMs,
    image: spec.image ?? null,
    resources: spec.resources,
    network: spec.network ?? null,
    isolation: spec.isolation,
    labels: spec.labels,
    outputs: spec.outputs ?? null,
    priority: stored.priority,
    retries: spec.retries ?? null,
    retryOf: stored.retryOf,
    cache: stored.cache,
    attempt: stored.attempt,
    cancelRequested: stored.cancelRequested,
    createdAt: new Date(stored.createdAt).toISOString(),
    notBefore: stored.status === 'queued' ? toTime(stored.notBefore) : null,
    claimedAt: toTime(stored.claimedAt),
    startedAt: toTime(stored.startedAt),
    finishedAt: toTime(stored.finishedAt),
    timings: toTimings(stored),
    phases: stored.phases,
    usage: stored.usage,
    costMicrons: stored.costMicrons,
    logs: { ...toLogs(stored), ...toExpiry(losses?.logsAt ?? null) },
  }
}

/** What clients see of one execution. */
export function toRecord(
  stored: StoredExecution,
  artifacts: ArtifactRecord[],
  attempts: readonly StoredAttempt[],
  losses?: Losses,
): ExecutionRecord {
  return {
    ...toSummary(stored, losses),
    artifacts,
    skipped: [...stored.skipped],
    notes: [...stored.notes],
    attempts: attempts.map((attempt) => toAttempt(attempt, stored)),
  }
}

function toAttempt(stored: StoredAttempt, execution: StoredExecution): AttemptRecord {
  const { attempt, runner, executor, memoryMib, outcome, cause, exitCode, signal, message } = stored
  return {
    attempt,
    runner,
    executor,
    memoryMib,
    claimedAt: new Date(stored.claimedAt).toISOString(),
    startedAt: toTime(stored.startedAt),
    endedAt: toTime(stored.endedAt),
    outcome,
    cause,
    exitCode,
    signal,
    message,
    usage: stored.usage,
    costMicrons: stored.costMicrons,
    // How much it has printed is noted with the attempt once it has ended.
    logs: toLogs(stored.endedAt === null && execution.attempt === attempt ? execution : stored),
  }
}

const toLogs = ({
  stdoutBytes,
  stderrBytes,
  droppedBytes,
  attempt,
  lastSeq,
}: StoredAttempt | StoredExecution): ExecutionSummary['logs'] => ({
  stdoutBytes,
  stderrBytes,
  droppedBytes,
  cursor: formatCursor({ attempt, seq: lastSeq }),
})

const toExpiry = (at: number | null): { expiredAt?: string } =>
  at === null ? {} : { expiredAt: new Date(at).toISOString() }

const toTime = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())

function toTimings({
  createdAt,
  queuedAt,
  claimedAt,
  startedAt,
  finishingAt,
  finishedAt,
  usage,
}: StoredExecution): Timings {
  const scriptEnd = finishingAt ?? endByUsage(startedAt, finishedAt, usage?.wallMs)
  return {
    queuedMs: between(queuedAt, claimedAt ?? finishedAt),
    preparingMs: between(claimedAt, startedAt ?? finishedAt),
    runningMs: between(startedAt, scriptEnd),
    finishingMs: between(scriptEnd, finishedAt),
    totalMs: between(createdAt, finishedAt),
  }
}

// A quick attempt ends without ever saying that it is finishing; then its own measure tells where the script ended.
function endByUsage(
  startedAt: number | null,
  finishedAt: number | null,
  wallMs: number | undefined,
): number | null {
  if (startedAt === null || finishedAt === null) return null
  return wallMs === undefined ? finishedAt : Math.min(finishedAt, startedAt + wallMs)
}

const between = (from: number | null, to: number | null): number | null =>
  from === null || to === null ? null : Math.max(0, to - from)
