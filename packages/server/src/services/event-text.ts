import { formatCursor, type ExecutionRecord, type LogEvent, type StateEvent } from '@rgrid/protocol'
import { isUtf8 } from 'node:buffer'
import { UNKNOWN_GAP, type StoredChunk } from '../store/log-store.js'

/** A comment, which keeps proxies from closing a silent stream. */
export const PING = ': ping\n\n'

/** An event. JSON has no raw line breaks, so that nothing a script prints can become a field of the stream. */
export const formatEvent = (type: string, data: unknown, id?: string): string =>
  `event: ${type}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`

/** A log event with its cursor. */
export function formatLog({ stream, at, data, gapBytes, attempt, seq }: StoredChunk): string {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  const content = isUtf8(bytes) ? { text: bytes.toString() } : { base64: bytes.toString('base64') }
  const log: LogEvent = {
    stream,
    at,
    ...content,
    ...(gapBytes === null ? {} : { gapBytes: gapBytes === UNKNOWN_GAP ? null : gapBytes }),
  }
  return formatEvent('log', log, formatCursor({ attempt, seq }))
}

/** A state event. */
export const formatState = (state: StateEvent): string => formatEvent('state', state)

/** The last event. */
export const formatEnd = (execution: ExecutionRecord): string => formatEvent('end', { execution })
