import { RGridError } from '@rgrid/protocol'
import { Hono } from 'hono'
import { randomUUID } from 'node:crypto'
import type { Context } from './context.js'
import { assertScope, authenticate } from './http/api-keys.js'
import { HttpFault, toProblemResponse } from './http/problem.js'
import { readJson } from './http/read-json.js'
import type { Route } from './http/route.js'
import { artifactRoutes } from './routes/artifacts.js'
import { batchRoutes } from './routes/batches.js'
import { blobRoutes } from './routes/blobs.js'
import { executionRoutes } from './routes/executions.js'
import { fleetRoutes } from './routes/fleet.js'
import { healthRoutes } from './routes/health.js'
import { logRoutes } from './routes/logs.js'
import { openApiRoute } from './routes/openapi.js'
import { runnerRoutes } from './routes/runner.js'
import type { KeyStore } from './store/key-store.js'

/** All routes of the server. */
export function listRoutes(context: Context): Route[] {
  const routes = [
    ...executionRoutes(context),
    ...batchRoutes(context),
    ...logRoutes(context),
    ...artifactRoutes(context),
    ...blobRoutes(context),
    ...runnerRoutes(context),
    ...fleetRoutes(context),
    ...healthRoutes(context),
  ]
  return [...routes, openApiRoute(routes)]
}

/** Puts the routes together behind their access rules. */
export function createApp(context: Context, keys: Pick<KeyStore, 'find'>): Hono {
  const app = new Hono()
  const routes = listRoutes(context)
  for (const route of routes)
    app.on(route.method.toUpperCase(), toHonoPath(route.path), (honoContext) => {
      const request = honoContext.req.raw
      return answer(context, () => handle(context, keys, route, request, honoContext.req.param()))
    })
  for (const path of new Set(routes.map((route) => route.path)))
    app.all(toHonoPath(path), () => answer(context, () => Promise.reject(methodNotAllowed(routes, path))))
  app.notFound(() => answer(context, () => Promise.reject(noSuchRoute())))
  return app
}

const toHonoPath = (path: string): string => path.replace('{path}', ':path{.+}').replace(/\{(\w+)\}/g, ':$1')

async function answer({ logger }: Context, respond: () => Promise<Response>): Promise<Response> {
  const requestId = randomUUID()
  const response = await respond().catch((error: unknown) => toProblemResponse(error, requestId, logger))
  response.headers.set('x-request-id', requestId)
  return response
}

// First who asks, then what the key allows, only then what is there: an answer tells nothing to those who may not ask.
async function handle(
  context: Context,
  keys: Pick<KeyStore, 'find'>,
  route: Route,
  request: Request,
  params: Record<string, string>,
): Promise<Response> {
  if (context.closing.aborted)
    throw new RGridError('unavailable', 'the server is stopping: repeat the request')
  const { access } = route
  let project = ''
  if (access !== 'public') {
    const caller = await authenticate(keys, request.headers.get('authorization'))
    assertScope(caller, access)
    project = caller.project
  }
  const response = await route.run({
    request,
    project,
    params,
    readJson: () => readJson(request, context.bodyTimeoutMs),
  })
  // In one place, so that no answer can forget it: what was answered with success is not lost.
  if (route.waitsForStore ?? route.method !== 'get') await context.store.flush()
  return response
}

function methodNotAllowed(routes: readonly Route[], path: string): RGridError {
  const allow = routes.filter((route) => route.path === path).map(({ method }) => method.toUpperCase())
  return new HttpFault('method_not_allowed', `this path answers to ${allow.join(' and ')} only`, {
    headers: { allow: allow.join(', ') },
  })
}

const noSuchRoute = (): RGridError =>
  new RGridError('not_found', 'there is no such route: GET /openapi.json lists them')
