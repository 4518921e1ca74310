import {
  executionIdSchema,
  executionPageSchema,
  executionSchema,
  listQuerySchema,
  okSchema,
  retrySchema,
  specSchema,
  type Cursor,
} from '@rgrid/protocol'
import * as z from 'zod'
import type { Context } from '../context.js'
import { answerEvents, answerJson } from '../http/answers.js'
import { defineRoute, type Route } from '../http/route.js'
import { cancelExecution, getExecution, listExecutions } from '../services/executions.js'
import { followExecution } from '../services/follow-execution.js'
import { removeExecution } from '../services/remove-execution.js'
import { retryExecution } from '../services/retry-execution.js'
import { submitExecution, type Accepted } from '../services/submit-execution.js'
import { eventsQuerySchema, readCursor } from './event-cursor.js'

const params = z.object({ id: executionIdSchema })

const wantsEvents = (request: Request): boolean =>
  (request.headers.get('accept') ?? '').includes('text/event-stream')

interface Submitted extends Accepted {
  readonly id: string
  readonly after: Cursor
}

/** The events of an execution where they are wanted, else its record. */
async function answerSubmit(
  context: Context,
  request: Request,
  project: string,
  { id, isNew, isQueued, after }: Submitted,
): Promise<Response> {
  const status = isNew ? 201 : 200
  if (wantsEvents(request))
    return answerEvents(followExecution(context, project, id, after, isQueued), status)
  return answerJson(await getExecution(context, project, id), status)
}

/** The routes of executions themselves. */
export const executionRoutes = (context: Context): Route[] => [
  defineRoute({
    method: 'put',
    path: '/v1/executions/{id}',
    access: ['submit'],
    summary: 'Submits an execution. Submitting the same again finds the first.',
    params,
    query: eventsQuerySchema,
    body: specSchema,
    answers: { 200: [executionSchema, 'events'], 201: [executionSchema, 'events'] },
    async handle({ request, project, params: { id }, query, body }) {
      const after = readCursor(request, query)
      const accepted = await submitExecution(context, project, id, body)
      return answerSubmit(context, request, project, { ...accepted, id, after })
    },
  }),

  defineRoute({
    method: 'get',
    path: '/v1/executions',
    access: ['read'],
    summary: 'Lists executions, newest first.',
    query: listQuerySchema,
    answers: { 200: [executionPageSchema] },
    handle: async ({ project, query }) => answerJson(await listExecutions(context, project, query)),
  }),

  defineRoute({
    method: 'get',
    path: '/v1/executions/{id}',
    access: ['read'],
    summary: 'One execution.',
    params,
    answers: { 200: [executionSchema] },
    handle: async ({ project, params: { id } }) => answerJson(await getExecution(context, project, id)),
  }),

  defineRoute({
    method: 'delete',
    path: '/v1/executions/{id}',
    access: ['admin'],
    summary: 'Deletes an execution that has ended, with its log and its files.',
    params,
    answers: { 200: [okSchema] },
    async handle({ project, params: { id } }) {
      await removeExecution(context, project, id)
      return answerJson({ ok: true })
    },
  }),

  defineRoute({
    method: 'post',
    path: '/v1/executions/{id}/cancel',
    access: ['submit'],
    summary: 'Cancels an execution: at once while it is queued, else by asking its runner.',
    params,
    answers: { 200: [executionSchema] },
    handle: async ({ project, params: { id } }) => answerJson(await cancelExecution(context, project, id)),
  }),

  defineRoute({
    method: 'post',
    path: '/v1/executions/{id}/retry',
    access: ['submit'],
    summary: 'Runs the same again, with the same files, as a new execution under an id of the caller.',
    params,
    query: eventsQuerySchema,
    body: retrySchema,
    answers: { 200: [executionSchema, 'events'], 201: [executionSchema, 'events'] },
    async handle({ request, project, params: { id }, query, body }) {
      const after = readCursor(request, query)
      const accepted = await retryExecution(context, project, id, body.id)
      return answerSubmit(context, request, project, { ...accepted, id: body.id, after })
    },
  }),
]
