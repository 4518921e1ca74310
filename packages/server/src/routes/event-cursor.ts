import { cursorSchema, LOG_START, parseCursor, RGridError, type Cursor } from '@rgrid/protocol'
import * as z from 'zod'

/** The query of an event stream. */
export const eventsQuerySchema = z.strictObject({ after: cursorSchema.optional() })

/**
 * Where an event stream begins: behind `Last-Event-ID`, else behind `after`, else at the start.
 *
 * @throws RGridError `invalid_request` when the header is no cursor.
 */
export function readCursor(request: Request, { after }: z.output<typeof eventsQuerySchema>): Cursor {
  const header = request.headers.get('last-event-id')
  const text = header ?? after
  if (text === undefined) return LOG_START
  const cursor = parseCursor(text)
  if (cursor === undefined)
    throw new RGridError(
      'invalid_request',
      'Last-Event-ID must be a cursor such as 1.42: leave it out to begin at the start',
    )
  return cursor
}
