import { runnerListSchema, runtimeListSchema } from '@rgrid/protocol'
import type { Context } from '../context.js'
import { answerJson } from '../http/answers.js'
import { defineRoute, type Route } from '../http/route.js'
import { listRunners, listRuntimes } from '../services/fleet.js'

/** The routes that show what there is to run on. */
export const fleetRoutes = (context: Context): Route[] => [
  defineRoute({
    method: 'get',
    path: '/v1/runners',
    access: ['read'],
    summary: 'Lists the runners that are there now.',
    answers: { 200: [runnerListSchema] },
    handle: async ({ project }) => answerJson({ runners: await listRunners(context, project) }),
  }),

  defineRoute({
    method: 'get',
    path: '/v1/runtimes',
    access: ['read', 'submit'],
    summary: 'Lists the runtimes that runners offer now.',
    answers: { 200: [runtimeListSchema] },
    handle: async ({ project }) => answerJson({ runtimes: await listRuntimes(context, project) }),
  }),
]
