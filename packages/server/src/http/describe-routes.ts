import { OpenAPIHono } from '@hono/zod-openapi'
import { problemSchema } from '@rgrid/protocol'
import * as z from 'zod'
import type { Answer, Route } from './route.js'

type PathConfig = Parameters<OpenAPIHono['openAPIRegistry']['registerPath']>[0]
type Content = Record<string, { schema: z.ZodType }>

const BYTES = z.string().meta({ format: 'binary' })

/** Describes routes as OpenAPI 3.1. */
export function describeRoutes(routes: readonly Route[]): object {
  const described = new OpenAPIHono()
  const registry = described.openAPIRegistry
  registry.registerComponent('securitySchemes', 'apiKey', { type: 'http', scheme: 'bearer' })
  for (const route of routes) registry.registerPath(describeRoute(route))
  return described.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'RGrid', version: 'v1', description: 'Runs scripts and brings their results home.' },
  })
}

function describeRoute({ method, path, access, summary, answers, ...rest }: Route): PathConfig {
  const access31 =
    access === 'public'
      ? {}
      : { description: `Needs the scope ${access.join(' or ')}.`, security: [{ apiKey: [] }] }
  const responses: PathConfig['responses'] = {
    default: {
      description: 'What went wrong.',
      content: { 'application/problem+json': { schema: problemSchema } },
    },
  }
  for (const [status, bodies] of Object.entries(answers))
    responses[status] = { description: summary, content: describeAnswers(bodies) }
  return { method, path, summary, ...access31, request: describeRequest(rest), responses }
}

function describeRequest({
  params,
  query,
  body,
  takesBytes,
}: Partial<Route>): NonNullable<PathConfig['request']> {
  const content: Content | undefined =
    takesBytes === true
      ? { 'application/octet-stream': { schema: BYTES } }
      : body === undefined
        ? undefined
        : { 'application/json': { schema: body } }
  return {
    ...(params instanceof z.ZodObject ? { params } : {}),
    ...(query instanceof z.ZodObject ? { query } : {}),
    ...(content === undefined ? {} : { body: { content, required: true } }),
  }
}

function describeAnswers(answers: readonly Answer[]): Content {
  const content: Content = {}
  for (const each of answers) {
    if (each === 'bytes') content['application/octet-stream'] = { schema: BYTES }
    else if (each === 'events') content['text/event-stream'] = { schema: z.string() }
    else content['application/json'] = { schema: each }
  }
  return content
}
