import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EngineAddress } from '../../src/executors/docker/engine-address.js'
import { DEFAULT_SOCKET_PATH } from '../../src/executors/docker/is-engine-answering.js'

/** An engine at a port, and a directory that it does not see. */
export interface RemoteEngine {
  readonly address: EngineAddress
  /** The same, as it would be in `DOCKER_HOST`. */
  readonly host: string
  /**
   * A path to a directory of this process. It leads elsewhere in every other process: the engine looks for it in its own
   * working directory.
   */
  readonly unseen: string
  close(): Promise<void>
}

/** Makes an engine that shares no files with this process out of the one of this machine. */
export async function createRemoteEngine(): Promise<RemoteEngine> {
  const before = process.cwd()
  const directory = mkdtempSync(join(tmpdir(), 'rgrid-unseen-'))
  process.chdir(directory)
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const engine = connect({ path: DEFAULT_SOCKET_PATH, allowHalfOpen: true })
    for (const [from, to] of [
      [client, engine],
      [engine, client],
    ] as const) {
      sockets.add(from)
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.once('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    address: { host: '127.0.0.1', port, certificates: undefined },
    host: `tcp://127.0.0.1:${port}`,
    unseen: '/proc/self/cwd',
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      process.chdir(before)
      await rm(directory, { recursive: true, force: true })
    },
  }
}
