import {
  LIMITS,
  RGridError,
  toTerminalStatus,
  type Adopted,
  type Complete,
  type LeaseState,
  type LogChunk,
  type WireFile,
} from '@rgrid/protocol'
import { RECHECK_MS, type Context } from '../context.js'
import { controlTopic, executionTopic, queueTopic } from '../signals.js'
import type { Fence, Glance, Heir, Progress } from '../store/execution-store.js'
import { leaseLost } from '../store/faults.js'
import { UNKNOWN_GAP, type NewChunk } from '../store/log-store.js'
import { endItem } from './end-item.js'
import { findMemoryCeiling } from './find-memory-ceiling.js'
import { splitInline } from './inline-files.js'

/**
 * Says that the script starts now, unless the answer is that a cancel was requested.
 *
 * @throws RGridError `lease_lost`.
 */
export async function startAttempt({ store, signals }: Context, fence: Fence): Promise<LeaseState> {
  const state = await store.executions.start(fence)
  signals.notifySoon(executionTopic(fence.executionId))
  return state
}

/** How to renew a lease. */
export interface Renewal extends Progress {
  readonly waitMs: number
}

/**
 * Extends a lease and tells followers how far it is at once, then waits for a cancel request.
 *
 * @throws RGridError `lease_lost`, also when the lease is lost while it waits.
 */
export async function renewAttempt(
  context: Context,
  fence: Fence,
  { waitMs, ...progress }: Renewal,
  gone: AbortSignal,
): Promise<LeaseState> {
  const { store, signals, closing, leaseMs } = context
  const { executionId, project, attempt } = fence
  const deadline = performance.now() + waitMs
  const watch = signals.watch(controlTopic(executionId))
  try {
    const { changed, ...state } = await store.executions.renew(fence, leaseMs, progress)
    if (changed) signals.notify(executionTopic(executionId))
    if (state.cancelRequested) return state
    for (;;) {
      const leftMs = deadline - performance.now()
      if (leftMs <= 0 || gone.aborted || closing.aborted) return { cancelRequested: false }
      await watch.wait(Math.min(leftMs, RECHECK_MS), gone)
      const glance = await store.executions.glance(project, executionId)
      if (glance === undefined || !isHeld(glance, attempt)) throw leaseLost()
      if (glance.cancelRequested) return { cancelRequested: true }
    }
  } finally {
    watch.close()
  }
}

const isHeld = ({ status, attempt }: Glance, mine: number): boolean =>
  attempt === mine && status !== 'queued' && status !== 'lost'

/**
 * Lets a runner go on with a script that another one has started.
 *
 * @throws RGridError `lease_lost`, also when the script has not been started, or `runner_unknown`.
 */
export const adoptAttempt = ({ store, leaseMs }: Context, fence: Fence, heir: Heir): Promise<Adopted> =>
  store.executions.adopt(fence, heir, leaseMs)

/**
 * Appends log chunks; those that are there already are skipped.
 *
 * @throws RGridError `lease_lost`, `log_gap` or `too_large`.
 */
export async function appendLogs(
  { store, signals }: Context,
  fence: Fence,
  chunks: readonly LogChunk[],
): Promise<void> {
  await store.logs.append(fence, toChunks(chunks))
  signals.notify(executionTopic(fence.executionId))
}

/**
 * Takes some of the files that an attempt has made, which are seen once it ends.
 *
 * @throws RGridError `lease_lost`, `missing_blobs`, `digest_mismatch` or `too_large`; nothing is stored then.
 */
export async function appendOutputs(
  { store }: Context,
  fence: Fence,
  outputs: readonly WireFile[],
): Promise<void> {
  const { refs, inline } = splitInline(outputs)
  await store.executions.appendOutputs(fence, refs, inline)
}

/**
 * Ends an attempt; the execution ends with it, or waits to be tried again as its spec says. Repeating it changes nothing.
 *
 * @throws RGridError `lease_lost`, `log_gap`, `missing_blobs`, `digest_mismatch` or `too_large`; nothing is stored then.
 */
export async function completeAttempt(
  context: Context,
  fence: Fence,
  { leaseToken: _token, chunks, outputs, ...report }: Complete,
): Promise<void> {
  const { store, signals, pool } = context
  const { refs, inline } = splitInline(outputs)
  const status = toTerminalStatus(report.cause, report.exitCode)
  const { lane, retryInMs } = await store.executions.complete(fence, {
    ...report,
    status,
    chunks: toChunks(chunks),
    outputs: refs,
    inline,
    ...(report.cause === 'out_of_memory'
      ? { memoryCeilingMib: await findMemoryCeiling(context, fence.project) }
      : {}),
  })
  // Whoever hears of the end waits for it to be safe, so the disk begins now. Who waits hears of a failure.
  store.flush().catch(() => undefined)
  signals.notify(executionTopic(fence.executionId))
  const { executionId, project } = fence
  if (retryInMs === null) {
    signals.notify(controlTopic(executionId))
    await endItem(context, { project, id: executionId, lane, status })
    return
  }
  // A held renewal would be told that the lease is lost, while the answer to this is still on its way.
  signals.notifyLater(queueTopic(project, pool), retryInMs)
  // Another of its lane may go meanwhile.
  if (lane !== null) signals.notify(queueTopic(project, pool))
}

function toChunks(chunks: readonly LogChunk[]): NewChunk[] {
  const decoded = chunks.map(({ data, gapBytes, ...chunk }) => ({
    ...chunk,
    data: Buffer.from(data, 'base64'),
    gapBytes: gapBytes === undefined ? null : (gapBytes ?? UNKNOWN_GAP),
  }))
  if (decoded.reduce((sum, { data }) => sum + data.byteLength, 0) > LIMITS.logRequestBytes)
    throw new RGridError(
      'too_large',
      `the log chunks of one request are over the limit of ${LIMITS.logRequestBytes} bytes: send them in several`,
    )
  return decoded
}
