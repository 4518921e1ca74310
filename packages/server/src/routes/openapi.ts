import * as z from 'zod'
import { answerJson } from '../http/answers.js'
import { defineRoute, type Route } from '../http/route.js'

/** The route that describes the others. */
export function openApiRoute(routes: readonly Route[]): Route {
  return defineRoute({
    method: 'get',
    path: '/openapi.json',
    access: 'public',
    summary: 'This description.',
    answers: { 200: [z.record(z.string(), z.unknown())] },
    async handle() {
      // Loaded with the first request, as few servers are ever asked.
      const { describeRoutes } = await import('../http/describe-routes.js')
      return answerJson(describeRoutes(routes))
    },
  })
}
