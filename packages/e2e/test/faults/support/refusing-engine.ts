import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A way to the engine on which it does not remove one container. */
export interface RefusingEngine {
  /** As for `DOCKER_HOST`. */
  readonly url: string
  /** Lets the engine remove it from now on. */
  allow(): void
  close(): void
}

const SOCKET = '/var/run/docker.sock'
const BODY = '{"message":"the container is stuck"}'
const REFUSAL = `HTTP/1.1 500 Internal Server Error\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\nconnection: close\r\n\r\n${BODY}`

/** Opens a {@link RefusingEngine}. */
export async function openRefusingEngine(id: string): Promise<RefusingEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'rgrid-refusing-'))
  const path = join(folder, 'docker.sock')
  const sockets = new Set<Socket>()
  let isRefusing = true
  const server = createServer((client) => {
    const engine = connect(SOCKET)
    for (const [from, to] of [
      [client, engine],
      [engine, client],
    ] as const) {
      sockets.add(from)
      from.on('error', () => to.destroy())
      from.once('close', () => to.destroy())
    }
    engine.pipe(client)
    client.on('data', (bytes: Buffer) => {
      const isRemoval = bytes.toString('latin1').startsWith(`DELETE /containers/${id}`)
      if (isRemoval && isRefusing) client.end(REFUSAL)
      else engine.write(bytes)
    })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return {
    url: `unix://${path}`,
    allow() {
      isRefusing = false
    },
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
