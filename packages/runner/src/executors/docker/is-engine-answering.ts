import { request } from 'node:http'

/** Where a Docker engine listens unless it is told otherwise. */
export const DEFAULT_SOCKET_PATH = '/var/run/docker.sock'

/** Whether a Docker engine answers on a socket. Quick: it loads no Docker client, and it never rejects. */
export function isEngineAnswering(socketPath = DEFAULT_SOCKET_PATH, timeoutMs = 500): Promise<boolean> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeoutMs)
    const ping = request({ socketPath, path: '/_ping', agent: false, signal }, (response) => {
      resolve(response.statusCode === 200)
      response.resume()
      response.on('error', () => undefined)
    })
    ping.once('error', () => resolve(false))
    ping.end()
  })
}
