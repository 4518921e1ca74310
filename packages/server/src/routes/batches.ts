import {
  addedItemsSchema,
  batchIdSchema,
  batchItemPageSchema,
  batchItemsQuerySchema,
  batchItemsSchema,
  batchListQuerySchema,
  batchPageSchema,
  batchRetriedSchema,
  batchSchema,
  batchSpecSchema,
  RGridError,
} from '@rgrid/protocol'
import * as z from 'zod'
import type { Context } from '../context.js'
import { answerEvents, answerJson } from '../http/answers.js'
import { defineRoute, type Route } from '../http/route.js'
import { addItems } from '../services/add-items.js'
import {
  cancelBatch,
  findBatch,
  getBatch,
  listBatches,
  listBatchItems,
  openBatch,
  sealBatch,
} from '../services/batches.js'
import { retryBatch } from '../services/retry-batch.js'
import { followBatch } from '../services/follow-batch.js'

const params = z.object({ id: batchIdSchema })

const eventsQuerySchema = z.strictObject({
  /** The id of the last event that is known: of those behind it none is missing. */
  after: z.coerce.number().int().min(0).optional(),
})

/** Where the stream begins: behind `Last-Event-ID`, else behind `after`, else at the start. */
function readSeq(request: Request, { after = 0 }: z.output<typeof eventsQuerySchema>): number {
  const header = request.headers.get('last-event-id')
  if (header === null) return after
  const read = eventsQuerySchema.safeParse({ after: header })
  if (read.success) return read.data.after ?? 0
  throw new RGridError(
    'invalid_request',
    'Last-Event-ID must be the number of an event: leave it out to begin at the start',
  )
}

/** The routes of batches. */
export const batchRoutes = (context: Context): Route[] => [
  defineRoute({
    method: 'put',
    path: '/v1/batches/{id}',
    access: ['submit'],
    summary: 'Opens a batch, to which items are then added. Opening it again changes nothing.',
    params,
    body: batchSpecSchema,
    answers: { 200: [batchSchema] },
    handle: async ({ project, params: { id }, body }) =>
      answerJson(await openBatch(context, project, id, body)),
  }),

  defineRoute({
    method: 'post',
    path: '/v1/batches/{id}/items',
    access: ['submit'],
    summary:
      'Adds items. Those that ran before are not run again, as the batch says. Repeating it changes nothing.',
    params,
    body: batchItemsSchema,
    answers: { 200: [addedItemsSchema] },
    handle: async ({ project, params: { id }, body }) =>
      answerJson({ items: await addItems(context, project, id, body) }),
  }),

  defineRoute({
    method: 'post',
    path: '/v1/batches/{id}/seal',
    access: ['submit'],
    summary: 'Says that all items have been added: the batch ends with the last of them.',
    params,
    answers: { 200: [batchSchema] },
    handle: async ({ project, params: { id } }) => answerJson(await sealBatch(context, project, id)),
  }),

  defineRoute({
    method: 'get',
    path: '/v1/batches',
    access: ['read'],
    summary: 'Lists batches, newest first.',
    query: batchListQuerySchema,
    answers: { 200: [batchPageSchema] },
    handle: async ({ project, query }) => answerJson(await listBatches(context, project, query)),
  }),

  defineRoute({
    method: 'get',
    path: '/v1/batches/{id}',
    access: ['read'],
    summary: 'One batch, and how far it is.',
    params,
    answers: { 200: [batchSchema] },
    handle: async ({ project, params: { id } }) => answerJson(await getBatch(context, project, id)),
  }),

  defineRoute({
    method: 'get',
    path: '/v1/batches/{id}/items',
    access: ['read'],
    summary: 'The items of a batch, by their index.',
    params,
    query: batchItemsQuerySchema,
    answers: { 200: [batchItemPageSchema] },
    handle: async ({ project, params: { id }, query }) =>
      answerJson(await listBatchItems(context, project, id, query)),
  }),

  defineRoute({
    method: 'get',
    path: '/v1/batches/{id}/events',
    access: ['read'],
    summary: 'The events of a batch: its items as they end, how far it is, and its end.',
    params,
    query: eventsQuerySchema,
    answers: { 200: ['events'] },
    async handle({ request, project, params: { id }, query }) {
      await findBatch(context, project, id)
      return answerEvents(followBatch(context, project, id, readSeq(request, query)))
    },
  }),

  defineRoute({
    method: 'post',
    path: '/v1/batches/{id}/cancel',
    access: ['submit'],
    summary: 'Cancels what of a batch has not ended.',
    params,
    answers: { 200: [batchSchema] },
    handle: async ({ project, params: { id } }) => answerJson(await cancelBatch(context, project, id)),
  }),

  defineRoute({
    method: 'post',
    path: '/v1/batches/{id}/retry',
    access: ['submit'],
    summary: 'Starts the items again that have failed.',
    params,
    answers: { 200: [batchRetriedSchema] },
    handle: async ({ project, params: { id } }) =>
      answerJson({ retried: await retryBatch(context, project, id) }),
  }),
]
