import type { EventSourceMessage } from 'eventsource-parser'
import { formatCursor, LOG_START, parseCursor, type Cursor } from '../cursor.js'
import { endEventSchema, logEventSchema, stateEventSchema, type ExecutionEvent } from '../events.js'
import type { Api } from './api.js'
import { followStream, parseData, type StreamOptions } from './follow-stream.js'

/** Where to begin and how long to insist. */
export interface FollowOptions extends Omit<StreamOptions, 'position'> {
  /** @default the start of the log */
  readonly after?: Cursor | undefined
}

/**
 * Follows the events of an execution from `after` to its end. When the connection is cut it resumes behind the
 * last log chunk it has seen, so that no chunk comes twice and none is missing; after a cut the same state may
 * come again.
 *
 * @throws RGridError when the execution is not there, or the server stays out of reach.
 */
export const followEvents = (
  api: Api,
  executionId: string,
  { after = LOG_START, ...options }: FollowOptions = {},
): AsyncGenerator<ExecutionEvent, void> =>
  followStream(
    api,
    {
      what: executionId,
      path: `/v1/executions/${executionId}/events`,
      parse: parseEvent,
      getPosition: (event) =>
        event.type === 'log' && parseCursor(event.cursor) !== undefined ? event.cursor : undefined,
      isEnd: ({ type }) => type === 'end',
    },
    { ...options, position: formatCursor(after) },
  )

function parseEvent({ event, id, data }: EventSourceMessage): ExecutionEvent | undefined {
  switch (event) {
    case 'log':
      return { type: 'log', cursor: id ?? '', log: parseData(logEventSchema, data) }
    case 'state':
      return { type: 'state', state: parseData(stateEventSchema, data) }
    case 'end':
      return { type: 'end', execution: parseData(endEventSchema, data).execution }
    default:
      // A newer server may send events that this version does not know.
      return undefined
  }
}
