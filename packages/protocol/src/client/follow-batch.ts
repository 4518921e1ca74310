import type { EventSourceMessage } from 'eventsource-parser'
import {
  batchEndEventSchema,
  batchItemEventSchema,
  batchProgressEventSchema,
  type BatchEvent,
} from '../batch.js'
import type { Api } from './api.js'
import { followStream, parseData, type StreamOptions } from './follow-stream.js'

/** Where to begin and how long to insist. */
export interface FollowBatchOptions extends Omit<StreamOptions, 'position' | 'opened'> {
  /** The number of the last event of an item that is known. @default 0 */
  readonly after?: number
}

/**
 * Follows a batch until its last item has ended: each item comes once, when it has ended, in the order of the ends.
 *
 * @throws RGridError when the batch is not there, or the server stays out of reach.
 */
export const followBatch = (
  api: Api,
  batchId: string,
  { after = 0, ...options }: FollowBatchOptions = {},
): AsyncGenerator<BatchEvent, void> =>
  followStream<BatchEvent>(
    api,
    {
      what: batchId,
      path: `/v1/batches/${batchId}/events`,
      parse: parseEvent,
      getPosition: (event) => (event.type === 'item' ? String(event.seq) : undefined),
      isEnd: ({ type }) => type === 'end',
    },
    { ...options, position: String(after) },
  )

function parseEvent({ event, id, data }: EventSourceMessage): BatchEvent | undefined {
  switch (event) {
    case 'item':
      return { type: 'item', seq: Number(id), item: parseData(batchItemEventSchema, data) }
    case 'progress':
      return { type: 'progress', counts: parseData(batchProgressEventSchema, data).counts }
    case 'end':
      return { type: 'end', batch: parseData(batchEndEventSchema, data).batch }
    default:
      // A newer server may send events that this version does not know.
      return undefined
  }
}
