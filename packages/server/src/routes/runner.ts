import {
  adoptedSchema,
  adoptSchema,
  appendLogsSchema,
  appendOutputsSchema,
  attemptIdSchema,
  claimRequestSchema,
  claimsSchema,
  completeSchema,
  leaseStateSchema,
  okSchema,
  parseAttemptId,
  registeredSchema,
  registerSchema,
  renewSchema,
  startedSchema,
} from '@rgrid/protocol'
import * as z from 'zod'
import type { Context } from '../context.js'
import { answerJson } from '../http/answers.js'
import { defineRoute, type Route } from '../http/route.js'
import {
  adoptAttempt,
  appendLogs,
  appendOutputs,
  completeAttempt,
  renewAttempt,
  startAttempt,
} from '../services/attempts.js'
import { claimExecutions, registerRunner } from '../services/runners.js'
import type { Fence } from '../store/execution-store.js'

const RUNNER = ['runner'] as const
const params = z.object({ id: attemptIdSchema })

const toFence = (project: string, id: string, { leaseToken }: { leaseToken: string }): Fence => ({
  project,
  ...parseAttemptId(id),
  leaseToken,
})

/** The routes of runners. */
export const runnerRoutes = (context: Context): Route[] => [
  defineRoute({
    method: 'post',
    path: '/v1/runner/register',
    access: RUNNER,
    summary: 'Says what a runner can run.',
    body: registerSchema,
    answers: { 200: [registeredSchema] },
    handle: async ({ project, body }) => answerJson(await registerRunner(context, project, body)),
  }),

  defineRoute({
    method: 'post',
    path: '/v1/runner/claims',
    access: RUNNER,
    summary: 'Takes executions, waiting for some to come up. Repeating a claim id returns the same claims.',
    body: claimRequestSchema,
    // A claim that a power cut undoes was never there: the script starts only once "started" has found it, and is safe.
    waitsForStore: false,
    answers: { 200: [claimsSchema] },
    handle: async ({ request, project, body }) =>
      answerJson({ claims: await claimExecutions(context, project, body, request.signal) }),
  }),

  defineRoute({
    method: 'post',
    path: '/v1/runner/attempts/{id}/started',
    access: RUNNER,
    summary: 'Says that the script starts now, unless the answer is that a cancel was requested.',
    params,
    body: startedSchema,
    answers: { 200: [leaseStateSchema] },
    handle: async ({ project, params: { id }, body }) =>
      answerJson(await startAttempt(context, toFence(project, id, body))),
  }),

  defineRoute({
    method: 'post',
    path: '/v1/runner/attempts/{id}/renew',
    access: RUNNER,
    summary: 'Extends the lease at once, then waits for a cancel request.',
    params,
    body: renewSchema,
    answers: { 200: [leaseStateSchema] },
    handle: async ({ request, project, params: { id }, body }) =>
      answerJson(await renewAttempt(context, toFence(project, id, body), body, request.signal)),
  }),

  defineRoute({
    method: 'post',
    path: '/v1/runner/attempts/{id}/adopt',
    access: RUNNER,
    summary: 'Goes on with a script that another runner of the same machine, which was killed, has started.',
    params,
    body: adoptSchema,
    answers: { 200: [adoptedSchema] },
    handle: async ({ project, params: { id }, body }) =>
      answerJson(await adoptAttempt(context, toFence(project, id, body), body)),
  }),

  defineRoute({
    method: 'post',
    path: '/v1/runner/attempts/{id}/logs',
    access: RUNNER,
    summary: 'Appends log chunks; those that are there already are skipped.',
    params,
    body: appendLogsSchema,
    answers: { 200: [okSchema] },
    async handle({ project, params: { id }, body }) {
      await appendLogs(context, toFence(project, id, body), body.chunks)
      return answerJson({ ok: true })
    },
  }),

  defineRoute({
    method: 'post',
    path: '/v1/runner/attempts/{id}/outputs',
    access: RUNNER,
    summary: 'Takes some of the files that the attempt made, ahead of its end. Repeating it changes nothing.',
    params,
    body: appendOutputsSchema,
    // They count with the end of the attempt, which is written behind them and waits.
    waitsForStore: false,
    answers: { 200: [okSchema] },
    async handle({ project, params: { id }, body }) {
      await appendOutputs(context, toFence(project, id, body), body.outputs)
      return answerJson({ ok: true })
    },
  }),

  defineRoute({
    method: 'post',
    path: '/v1/runner/attempts/{id}/complete',
    access: RUNNER,
    summary: 'Ends an attempt. Repeating it changes nothing.',
    params,
    body: completeSchema,
    answers: { 200: [okSchema] },
    async handle({ project, params: { id }, body }) {
      await completeAttempt(context, toFence(project, id, body), body)
      return answerJson({ ok: true })
    },
  }),
]
