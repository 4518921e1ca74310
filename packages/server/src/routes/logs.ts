import { executionIdSchema, streamSchema } from '@rgrid/protocol'
import * as z from 'zod'
import type { Context } from '../context.js'
import { answerBytes, answerEvents } from '../http/answers.js'
import { defineRoute, type Route } from '../http/route.js'
import { logExpired } from '../services/describe-expiry.js'
import { findExecution } from '../services/executions.js'
import { followExecution } from '../services/follow-execution.js'
import { readLogs } from '../services/read-logs.js'
import { eventsQuerySchema, readCursor } from './event-cursor.js'

const MAX_TAIL_LINES = 1_000_000
// What a cursor can name.
const MAX_ATTEMPT = 999_999

const params = z.object({ id: executionIdSchema })

const logsQuerySchema = z.strictObject({
  stream: z.enum([...streamSchema.options, 'both']).default('both'),
  /** Those of one attempt; of all, one after the other, when left out. */
  attempt: z.coerce.number().int().min(1).max(MAX_ATTEMPT).optional(),
  /** The last so many lines. */
  tail: z.coerce.number().int().min(0).max(MAX_TAIL_LINES).optional(),
})

/** The routes of logs and events. */
export const logRoutes = (context: Context): Route[] => [
  defineRoute({
    method: 'get',
    path: '/v1/executions/{id}/events',
    access: ['read'],
    summary: 'The events of an execution from a cursor on, to its end.',
    params,
    query: eventsQuerySchema,
    answers: { 200: ['events'] },
    async handle({ request, project, params: { id }, query }) {
      const after = readCursor(request, query)
      await findExecution(context, project, id)
      return answerEvents(followExecution(context, project, id, after))
    },
  }),

  defineRoute({
    method: 'get',
    path: '/v1/executions/{id}/logs',
    access: ['read'],
    summary: 'The raw bytes of the log as far as it is stored; `tail` counts lines.',
    params,
    query: logsQuerySchema,
    answers: { 200: ['bytes'] },
    async handle({ project, params: { id }, query }) {
      await findExecution(context, project, id)
      const { logsAt } = await context.store.retention.findLosses(project, id)
      if (logsAt !== null) throw logExpired(context.retention, id, logsAt)
      return answerBytes(readLogs(context, project, id, query))
    },
  }),
]
