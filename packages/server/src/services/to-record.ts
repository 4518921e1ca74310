import {
  formatCursor,
  type ArtifactRecord,
  type ExecutionRecord,
  type ExecutionSummary,
  type Timings,
} from '@rgrid/protocol'
import type { StoredExecution } from '../store/execution-store.js'
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
    attempt: stored.attempt,
    cancelRequested: stored.cancelRequested,
    createdAt: new Date(stored.createdAt).toISOString(),
    claimedAt: toTime(stored.claimedAt),
    startedAt: toTime(stored.startedAt),
    finishedAt: toTime(stored.finishedAt),
    timings: toTimings(stored),
    phases: stored.phases,
    usage: stored.usage,
    costMicrons: stored.costMicrons,
    logs: {
      stdoutBytes: stored.stdoutBytes,
      stderrBytes: stored.stderrBytes,
      droppedBytes: stored.droppedBytes,
      cursor: formatCursor({ attempt: stored.attempt, seq: stored.lastSeq }),
      ...toExpiry(losses?.logsAt ?? null),
    },
  }
}

/** What clients see of one execution. */
export function toRecord(
  stored: StoredExecution,
  artifacts: ArtifactRecord[],
  losses?: Losses,
): ExecutionRecord {
  return { ...toSummary(stored, losses), artifacts, skipped: [...stored.skipped], notes: [...stored.notes] }
}

const toExpiry = (at: number | null): { expiredAt?: string } =>
  at === null ? {} : { expiredAt: new Date(at).toISOString() }

const toTime = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())

function toTimings({
  createdAt,
  claimedAt,
  startedAt,
  finishingAt,
  finishedAt,
  usage,
}: StoredExecution): Timings {
  const scriptEnd = finishingAt ?? endByUsage(startedAt, finishedAt, usage?.wallMs)
  return {
    queuedMs: between(createdAt, claimedAt ?? finishedAt),
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
