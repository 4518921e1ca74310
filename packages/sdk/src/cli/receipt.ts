import { formatMicrons, type Skipped } from '@rgrid/protocol'
import { relative } from 'node:path'
import type { Result } from '../types.js'
import type { CliContext } from './context.js'
import { formatDuration } from './duration.js'
import { formatAsk, formatStart } from './format-ask.js'
import { formatCache } from './format-cache.js'
import { listNames, listSkipped } from './list-names.js'
import { toPrintable } from './printable.js'
import { createStyle } from './style.js'

const NAMES_SHOWN = 5

/** What decides whether a receipt is written, and what it says. */
export interface ReceiptOptions {
  readonly quiet?: boolean
  readonly json?: boolean
  /** Paths of the files written here. */
  readonly saved: readonly string[]
  readonly isRemote: boolean
}

/**
 * The line at the end of a run. Empty where it would be noise: with `--quiet` or `--json`, and away from a terminal
 * when the script just ended and left nothing.
 */
export function formatReceipt(context: CliContext, result: Result, options: ReceiptOptions): string {
  const { quiet, json, saved } = options
  const isNews =
    saved.length > 0 ||
    result.skipped.length > 0 ||
    result.notes.length > 0 ||
    result.cache !== null ||
    (!result.ok && result.cause !== 'exit')
  if (quiet === true || json === true || !(context.stderr.isTTY === true || isNews)) return ''
  const parts = [
    describeEnd(result) + describeTime(result),
    formatCache(result.cache) ?? '',
    result.record.attempt > 1 ? `on attempt ${result.record.attempt}` : '',
    ...describePlace(result),
    result.status === 'timed_out' ? '--timeout sets the limit' : '',
    describeFiles(context, result, options),
    describeSkipped(result.skipped),
    ...result.notes.map(toPrintable),
    (result.costMicrons ?? 0) > 0 ? `cost ${formatMicrons(result.costMicrons ?? 0)}` : '',
    result.record.executor === 'process' && !options.isRemote ? 'on this machine, without isolation' : '',
  ]
  const style = createStyle(context, context.stderr)
  return style(result.ok ? 'dim' : 'yellow', parts.filter((part) => part !== '').join(', '))
}

/** How an execution ended, in a few words. */
function describeEnd({ status, cause, exitCode, signal, message }: Result): string {
  const why = message === null ? '' : ` (${toPrintable(message)})`
  switch (status) {
    case 'completed':
      return 'completed'
    case 'timed_out':
      return 'timed out'
    case 'cancelled':
      return 'cancelled'
    case 'lost':
      return `lost: ${cause.replaceAll('_', ' ')}${why}`
    default:
      if (cause === 'exit') return `failed with exit code ${exitCode ?? 'unknown'}`
      if (cause === 'signal') return `ended by ${signal ?? 'a signal'}`
      return `failed: ${cause.replaceAll('_', ' ')}${why}`
  }
}

const describeTime = ({ cached, usage, timings }: Result): string => {
  if (cached) return ''
  const ms = usage?.wallMs ?? timings.totalMs
  return ms === null ? '' : ` after ${formatDuration(ms)}`
}

function describePlace({ record }: Result): string[] {
  const asked = formatAsk(record)
  return [record.phases === null ? '' : formatStart(record.phases), asked === '' ? '' : `with ${asked}`]
}

function describeFiles({ cwd }: CliContext, { id, artifacts }: Result, { saved }: ReceiptOptions): string {
  if (saved.length > 0)
    return `saved ${listNames(
      saved.map((path) => relative(cwd, path)),
      NAMES_SHOWN,
    )}`
  if (artifacts.length === 0) return ''
  return `${artifacts.length} ${artifacts.length === 1 ? 'file' : 'files'} to fetch with rgrid download ${id}`
}

const describeSkipped = (skipped: readonly Skipped[]): string =>
  skipped.length === 0 ? '' : `left behind ${listSkipped(skipped, NAMES_SHOWN)}`
