import type { Server } from 'node:http'
import type { RGridServer } from './create-server.js'

const HEADERS_TIMEOUT_MS = 10_000
const KEEP_ALIVE_MS = 60_000
const CHECK_EVERY_MS = 2_000
const MAX_CONNECTIONS = 4_096
const CLOSE_WAIT_MS = 2_000

/** Where to listen. */
export interface ListenOptions {
  /**
   * The address to bind to.
   *
   * @default '127.0.0.1'
   */
  readonly host?: string
  /** 0 for any free port. */
  readonly port: number
}

/** A server on a port. */
export interface Listener {
  readonly url: string
  readonly port: number
  /** Stops: no new connections, event streams end, what is under way may finish, then the server itself closes. */
  close(): Promise<void>
}

/**
 * Puts a server on a port.
 *
 * @throws Error when the port cannot be bound, such as `EADDRINUSE`.
 */
export async function listen(
  server: RGridServer,
  { host = '127.0.0.1', port }: ListenOptions,
): Promise<Listener> {
  // Loaded here, as it brings HTTP/2 along, which a server without a socket has no use for.
  const { createAdaptorServer } = await import('@hono/node-server')
  const http = createAdaptorServer({
    fetch: async (request) => withoutProbing(await server.fetch(request)),
    hostname: host,
    // A library must leave the globals of its host alone.
    overrideGlobalObjects: false,
    serverOptions: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      // Uploads may take long. JSON bodies have a time limit of their own.
      requestTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: CHECK_EVERY_MS,
      noDelay: true,
    },
  }) as Server
  http.maxConnections = MAX_CONNECTIONS
  await bind(http, host, port)
  const address = http.address()
  const boundPort = typeof address === 'object' && address !== null ? address.port : port
  let closed: Promise<void> | undefined
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${boundPort}`,
    port: boundPort,
    close: () => (closed ??= close(http, server)),
  }
}

/** Sends the head of an event stream at once: the adapter would first wait whether the body is short. */
function withoutProbing(response: Response): Response {
  if ((response.headers.get('content-type') ?? '').startsWith('text/event-stream'))
    response.headers.set('transfer-encoding', 'chunked')
  return response
}

function bind(http: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once('error', reject)
    http.listen(port, host, () => {
      http.off('error', reject)
      resolve()
    })
  })
}

async function close(http: Server, server: RGridServer): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    http.close(() => resolve())
  })
  await server.close()
  http.closeIdleConnections()
  const timer = setTimeout(() => http.closeAllConnections(), CLOSE_WAIT_MS)
  await ended
  clearTimeout(timer)
}
