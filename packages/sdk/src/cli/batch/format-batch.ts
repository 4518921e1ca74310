import { formatMicrons } from '@rgrid/protocol'
import type { BatchProgress, BatchSummary, FailedItem } from '../../batch/types.js'
import { formatDuration } from '../duration.js'
import { toPrintable } from '../printable.js'

const BAR_CELLS = 20
const FAILURES_SHOWN = 20

/** How far a batch is, in one line. */
export function formatProgress(progress: BatchProgress): string {
  const { done, total, failed, running, queued, percent, etaMs } = progress
  const parts = [
    percent === null ? `${done} done` : `${done} of ${total} done`,
    failed === 0 ? '' : `${failed} failed`,
    `${running} running`,
    queued === 0 ? '' : `${queued} queued`,
    etaMs === null || etaMs === 0 ? '' : `${formatDuration(etaMs)} left`,
  ]
  return parts.filter((part) => part !== '').join(', ')
}

/** The same with a bar before it. */
export function formatBar(progress: BatchProgress): string {
  const { percent } = progress
  const cells = Math.floor(((percent ?? 0) / 100) * BAR_CELLS)
  const bar = '█'.repeat(cells) + '░'.repeat(BAR_CELLS - cells)
  return `${bar} ${percent === null ? '' : `${percent} % `}${formatProgress(progress)}`
}

/** The items that failed, each with what shows its log. */
export function formatFailures({ id, failed }: BatchSummary): string[] {
  const shown = failed.slice(0, FAILURES_SHOWN).map(formatFailure)
  const more = failed.length - shown.length
  return more === 0 ? shown : [...shown, `and ${more} more: rgrid batch items ${id} --failed`]
}

function formatFailure({ name, id, status, cause, exitCode, message }: FailedItem): string {
  const why = cause === 'exit' ? `exit code ${exitCode ?? 'unknown'}` : cause.replaceAll('_', ' ')
  const how = status === 'failed' ? why : status.replaceAll('_', ' ')
  return `${toPrintable(name)}: ${how}${message === null ? '' : ` (${toPrintable(message)})`}: rgrid logs ${id}`
}

/** How a batch went. */
export function formatSummary(
  { id, counts, costMicrons, record }: BatchSummary,
  savedInto: string | undefined,
): string {
  const { total, completed, failed, reused } = counts
  const finishedAt = record.finishedAt ?? record.createdAt
  const parts = [
    `${completed} of ${total} completed`,
    failed === 0 ? '' : `${failed} failed`,
    reused === 0 ? '' : `${reused} as they ran before`,
    formatDuration(Date.parse(finishedAt) - Date.parse(record.createdAt)),
    costMicrons === 0 ? '' : `cost ${formatMicrons(costMicrons)}`,
    savedInto === undefined ? '' : `files in ${savedInto}`,
    id,
  ]
  return parts.filter((part) => part !== '').join(', ')
}
