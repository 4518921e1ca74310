import { askEngine } from './ask-engine.js'

/** Where a Docker engine listens unless it is told otherwise. */
export const DEFAULT_SOCKET_PATH = '/var/run/docker.sock'

/** Whether a Docker engine answers on a socket. Quick: it loads no Docker client, and it never rejects. */
export function isEngineAnswering(socketPath = DEFAULT_SOCKET_PATH, timeoutMs = 500): Promise<boolean> {
  return askEngine(socketPath, '/_ping', timeoutMs).then(
    ({ status }) => status === 200,
    () => false,
  )
}
