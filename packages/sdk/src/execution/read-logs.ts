import {
  executionSchema,
  formatCursor,
  LOG_START,
  parseCursor,
  RGridError,
  type ExecutionRecord,
} from '@rgrid/protocol'
import { followEvents, type Api } from '@rgrid/protocol/client'
import type { LogPiece, LogsOptions } from '../types.js'
import { createLogDecoder, toRawPiece } from './decode-log.js'

/**
 * Reads the output of an execution: to its end with `follow`, else as far as it goes now.
 *
 * @param find - the server, and the id once it has been checked
 * @throws RGridError `expired` when the log is not kept any more
 */
export async function* readLogs(
  find: () => Promise<readonly [Api, string]>,
  { follow = false, attempt, signal }: LogsOptions,
): AsyncGenerator<LogPiece, void> {
  const [api, id] = await find()
  const findEnd = async (): Promise<string> => findLogEnd(await getRecord(api, id), attempt)
  let last = formatCursor(attempt === undefined ? LOG_START : { attempt, seq: 0 })
  let end = follow ? undefined : await findEnd()
  const after = parseCursor(last)
  const decoder = createLogDecoder()
  for await (const event of last === end ? [] : followEvents(api, id, { after, signal })) {
    if (event.type === 'end') assertKept(event.execution)
    if (event.type === 'log') {
      const piece = toRawPiece(event.cursor, event.log)
      if (attempt !== undefined && piece.attempt > attempt) break
      last = event.cursor
      yield* decoder.decode(piece)
    }
    // The attempt is over, and knows its last piece, which may still be on its way.
    if (attempt !== undefined && event.type === 'state' && event.state.attempt > attempt)
      end ??= await findEnd()
    if (last === end) break
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

const getRecord = (api: Api, id: string): Promise<ExecutionRecord> =>
  api.call(executionSchema, { method: 'GET', path: `/v1/executions/${id}` })

/** The cursor of the last piece that there is now; the start of what is wanted when there is none. */
function findLogEnd({ attempts }: ExecutionRecord, wanted: number | undefined): string {
  const isWanted = (attempt: number): boolean => wanted === undefined || attempt === wanted
  const printed = attempts.filter(
    ({ attempt, logs }) => isWanted(attempt) && logs.cursor !== formatCursor({ attempt, seq: 0 }),
  )
  const none = wanted === undefined ? LOG_START : { attempt: wanted, seq: 0 }
  return printed.at(-1)?.logs.cursor ?? formatCursor(none)
}
