import { executionSchema, formatCursor, RGridError, type ExecutionRecord } from '@rgrid/protocol'
import { followEvents, type Api } from '@rgrid/protocol/client'
import type { LogPiece } from '../types.js'
import { createLogDecoder, toRawPiece } from './decode-log.js'

/**
 * Reads the output of an execution from its beginning: to its end with `follow`, else as far as it goes now.
 *
 * @param find - the server, and the id once it has been checked
 * @throws RGridError `expired` when the log is not kept any more
 */
export async function* readLogs(
  find: () => Promise<readonly [Api, string]>,
  { follow = false, signal }: { readonly follow?: boolean; readonly signal?: AbortSignal },
): AsyncGenerator<LogPiece, void> {
  const [api, id] = await find()
  const until = follow ? undefined : await findLogEnd(api, id)
  if (until === formatCursor({ attempt: 0, seq: 0 })) return
  const decoder = createLogDecoder()
  for await (const event of followEvents(api, id, { signal })) {
    if (event.type === 'end') assertKept(event.execution)
    if (event.type !== 'log') continue
    yield decoder.decode(toRawPiece(event.cursor, event.log))
    if (event.cursor === until) break
  }
  yield* decoder.end()
}

function assertKept({ id, logs }: ExecutionRecord): void {
  if (logs.expiredAt === undefined) return
  throw new RGridError(
    'expired',
    `the log of ${id} expired at ${logs.expiredAt}, as the server keeps logs for a time only (retention.logsDays): run it again to have it again`,
  )
}

async function findLogEnd(api: Api, id: string): Promise<string> {
  return (await api.call(executionSchema, { method: 'GET', path: `/v1/executions/${id}` })).logs.cursor
}
