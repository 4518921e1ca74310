import { askEngine } from './ask-engine.js'
import type { EngineAddress } from './engine-address.js'

/** Where a Docker engine listens unless it is told otherwise. */
export const DEFAULT_SOCKET_PATH = '/var/run/docker.sock'

/** Whether a Docker engine answers. Quick: it loads no Docker client, and it never rejects. */
export function isEngineAnswering(
  address: EngineAddress = { socketPath: DEFAULT_SOCKET_PATH },
  timeoutMs = 500,
): Promise<boolean> {
  return askEngine(address, '/_ping', timeoutMs).then(
    ({ status }) => status === 200,
    () => false,
  )
}
