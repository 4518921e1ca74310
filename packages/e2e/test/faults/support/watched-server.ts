import { createDiskBlobs, createServer, createSqliteStore, listen, type Listener } from '@rgrid/server'
import { join } from 'node:path'
import type { Step, Steps } from './steps.js'

/** A server over a directory, whose talk with runners can be seen and cut. */
export interface WatchedServer {
  readonly url: string
  readonly keys: { readonly admin: string; readonly runner: string }
  /** Closes it and starts another one on the same port, over the same store. */
  restart(awayMs: () => Promise<void>): Promise<void>
  close(): Promise<void>
}

/** How a server is started. */
export interface WatchedServerOptions {
  readonly directory: string
  readonly leaseMs: number
  readonly leaseMarginMs: number
  readonly steps: Steps
}

type Serve = (request: Request) => Promise<Response>

/** Starts a {@link WatchedServer} on any free port. */
export async function startServer({
  directory,
  steps,
  ...lease
}: WatchedServerOptions): Promise<WatchedServer> {
  let runnerKey = ''
  const open = async (
    port: number,
  ): Promise<{ listener: Listener; keys: WatchedServer['keys'] | undefined }> => {
    const store = createSqliteStore({ path: join(directory, 'rgrid.db') })
    const blobs = createDiskBlobs({ directory: join(directory, 'blobs') })
    const server = createServer({ store, blobs, allowProcess: true, ...lease })
    const fetch = (request: Request): Promise<Response> => watch(request, server.fetch, steps, runnerKey)
    return { listener: await listen({ ...server, fetch }, { port }), keys: await server.bootstrap() }
  }
  const first = await open(0)
  const { keys } = first
  let { listener } = first
  if (keys === undefined) throw new Error('the store is not new')
  runnerKey = keys.runner
  return {
    url: listener.url,
    keys,
    async restart(away) {
      await listener.close()
      await away()
      ;({ listener } = await open(listener.port))
    },
    close: () => listener.close(),
  }
}

async function watch(request: Request, serve: Serve, steps: Steps, runnerKey: string): Promise<Response> {
  const call = await describeCall(request, runnerKey)
  if (call.before !== undefined && (await steps.note(call.before, call.executionId)) === 'drop')
    return new Response(null, { status: 503 })
  const response = await serve(request)
  if (call.after === undefined || !response.ok) return response
  for (const id of call.executionId === undefined ? await listClaims(response) : [call.executionId])
    await steps.note(call.after, id)
  return response
}

interface Call {
  readonly before?: Step
  readonly after?: Step
  readonly executionId?: string
}

const CALLS: Readonly<Record<string, Call>> = {
  started: { before: 'start-asked', after: 'start-answered' },
  adopt: { after: 'adopted' },
  logs: { before: 'logs' },
  complete: { before: 'complete-asked', after: 'complete-answered' },
}

async function describeCall(request: Request, runnerKey: string): Promise<Call> {
  const { method, headers } = request
  const { pathname } = new URL(request.url)
  if (pathname === '/v1/runner/claims') return { after: 'claimed' }
  if (/^\/v1\/blobs\/[0-9a-f]{64}$/.test(pathname) && headers.get('authorization')?.endsWith(runnerKey))
    return { before: method === 'PUT' ? 'upload' : 'download' }
  const [, executionId, verb = ''] =
    /^\/v1\/runner\/attempts\/(exec_\w+)\W\d+\/(\w+)$/.exec(decodeURIComponent(pathname)) ?? []
  if (executionId === undefined) return {}
  if (verb !== 'renew') return { ...CALLS[verb], executionId }
  const { phase } = (await request.clone().json()) as { phase?: string }
  return phase === 'finishing' ? { before: 'finishing', executionId } : {}
}

async function listClaims(response: Response): Promise<string[]> {
  const { claims } = (await response.clone().json()) as { claims: { executionId: string }[] }
  return claims.map(({ executionId }) => executionId)
}
