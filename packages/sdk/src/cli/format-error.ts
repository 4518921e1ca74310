import type { ErrorCode, RGridError } from '@rgrid/protocol'
import { inspect } from 'node:util'
import { asRGridError, messageOf } from './errors.js'
import { toPrintable } from './printable.js'

// Only for what a server said, as it does not know the commands.
const NEXT_STEP: Partial<Record<ErrorCode, string>> = {
  unauthenticated: 'put a valid key into RGRID_API_KEY, or store one with rgrid init --url URL',
  forbidden: 'use a key with the scope it needs',
  not_found: 'rgrid ls shows what is there',
  queue_full: 'try again when some executions have ended',
  unavailable: 'try again in a moment',
  storage_full: "free space on the server's disk",
  internal: "the server's log says more under this request id",
}

/** One line: what is wrong, why, and what to do next. With `debug`, the stack follows. */
export function formatError(error: unknown, debug: boolean): string {
  const known = asRGridError(error)
  const line = known === undefined ? messageOf(error) : formatKnown(known)
  const text = `rgrid: ${toPrintable(line.replace(/\s*\n\s*/g, ' ').trim())}\n`
  return debug ? `${text}${inspect(error)}\n` : text
}

function formatKnown({ code, message, issues, requestId }: RGridError): string {
  const fields = issues
    .filter((issue) => !message.includes(issue.message))
    .map((issue) => `${issue.path} ${issue.message}`)
  const what = fields.length === 0 ? message : `${message}: ${fields.join('; ')}`
  const next = requestId === undefined ? undefined : NEXT_STEP[code]
  const full = next === undefined ? what : `${what.replace(/\.$/, '')}: ${next}`
  return requestId === undefined ? full : `${full} (request ${requestId})`
}
