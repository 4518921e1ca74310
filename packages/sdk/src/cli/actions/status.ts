import { formatMicrons, type ArtifactRecord, type ExecutionRecord } from '@rgrid/protocol'
import type { CliContext } from '../context.js'
import { formatDuration } from '../duration.js'
import { EXIT } from '../exit-code.js'
import { formatAttempt, formatRetries } from '../format-attempts.js'
import { formatAsk, formatPhases } from '../format-ask.js'
import { formatCache } from '../format-cache.js'
import { listNames, listSkipped } from '../list-names.js'
import { toPrintable } from '../printable.js'
import { withClient } from '../with-client.js'
import { write, writeJson } from '../write.js'

/** The flags of `rgrid status`. */
export interface StatusFlags {
  readonly json?: boolean
}

// --json has all of them, and so has rgrid outputs.
const NAMES_SHOWN = 20

/** Shows how an execution stands. */
export async function status(context: CliContext, id: string, { json }: StatusFlags): Promise<number> {
  const record = await withClient(context, (client) => client.get(id))
  await (json === true ? writeJson(context, record) : write(context.stdout, formatRecord(record)))
  return EXIT.ok
}

function formatRecord(record: ExecutionRecord): string {
  const rows: readonly (readonly [name: string, value: string | null])[] = [
    ['id', record.id],
    [
      'status',
      record.cancelRequested && record.finishedAt === null ? `${record.status}, asked to end` : record.status,
    ],
    ['cause', record.cause],
    ['exit code', record.exitCode === null ? null : String(record.exitCode)],
    ['signal', record.signal],
    ['message', record.message],
    ['script', [record.script, ...record.args].join(' ')],
    ['runtime', record.runtime],
    ['executor', record.executor],
    ['asked for', formatAsk(record) || null],
    [
      'labels',
      Object.entries(record.labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(' ') || null,
    ],
    ['priority', record.priority === 0 ? null : String(record.priority)],
    ['retries', record.retries === null ? null : formatRetries(record.retries)],
    ['retry of', record.retryOf],
    ['cache', formatCache(record.cache)],
    ['created', record.createdAt],
    ['started', record.startedAt],
    ['finished', record.finishedAt],
    ...formatUse(record),
    ...listAttempts(record),
    [
      'output',
      `${record.logs.stdoutBytes} bytes stdout, ${record.logs.stderrBytes} bytes stderr${formatGone(record.logs)}`,
    ],
    [
      'files',
      listNames(
        record.artifacts.map((artifact) => artifact.path + formatGone(artifact)),
        NAMES_SHOWN,
      ) || null,
    ],
    ['outputs', record.outputs?.join(' ') ?? null],
    ['left behind', listSkipped(record.skipped, NAMES_SHOWN) || null],
    ['notes', record.notes.join('; ') || null],
  ]
  return rows
    .flatMap(([name, value]) => (value === null ? [] : [`${name.padEnd(12)}${toPrintable(value)}\n`]))
    .join('')
}

/** Since when something is gone. */
const formatGone = ({ expiredAt, deletedAt }: Pick<ArtifactRecord, 'expiredAt' | 'deletedAt'>): string =>
  deletedAt !== undefined
    ? ` (deleted ${deletedAt})`
    : expiredAt !== undefined
      ? ` (expired ${expiredAt})`
      : ''

/** One row for each attempt, where there is more than the one that the rest is about. */
const listAttempts = ({ attempts }: ExecutionRecord): (readonly [string, string])[] =>
  attempts.length < 2 ? [] : attempts.map((each) => [`attempt ${each.attempt}`, formatAttempt(each)])

function formatUse(record: ExecutionRecord): (readonly [string, string | null])[] {
  const { timings, phases, usage, costMicrons } = record
  const { cpuSeconds = null, peakMemoryBytes = null } = usage ?? {}
  return [
    ['waited', timings.queuedMs === null ? null : formatDuration(timings.queuedMs)],
    ['ran', timings.runningMs === null ? null : formatDuration(timings.runningMs)],
    ['container', phases?.container ?? null],
    ['phases', phases === null ? null : formatPhases(phases)],
    ['cpu', cpuSeconds === null ? null : `${cpuSeconds.toFixed(2)} s`],
    ['memory', peakMemoryBytes === null ? null : `${(peakMemoryBytes / 2 ** 20).toFixed(1)} MiB at most`],
    ['cost', costMicrons === null ? null : formatMicrons(costMicrons)],
  ]
}
