import { getUserPaths, type ExecutorName, type UpFile } from '@rgrid/protocol'
import type { Logger } from '@rgrid/runner'
import { createDiskBlobs, createServer, createSqliteStore, listen, type Retention } from '@rgrid/server'
import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { createLocalRunner } from './create-local-runner.js'
import { createDirectFetch } from './direct-fetch.js'
import { createInstance } from './instance.js'
import { readRetention } from './read-retention.js'

/** How a server and a runner for this machine are started. */
export interface StartUpOptions {
  readonly port: number
  /** @default 4 */
  readonly slots?: number
  /** @default Docker where an engine answers, and plain processes */
  readonly executors?: readonly ExecutorName[]
  /** @default `$XDG_DATA_HOME/rgrid` */
  readonly dataDirectory?: string
  /**
   * How long ended executions are kept.
   *
   * @default `RGRID_OUTPUTS_DAYS`, `RGRID_LOGS_DAYS` and `RGRID_EXECUTIONS_DAYS`, else 30, 30 and 90 days
   */
  readonly retention?: Partial<Retention>
  readonly logger?: Logger
}

/** A server and a runner that clients on this machine find by themselves. */
export interface StartedUp {
  readonly url: string
  close(): Promise<void>
}

const STOP_GRACE_MS = 5_000

/**
 * Starts a server on the loopback interface with a runner beside it, and says so in a file that only its owner can
 * read. The key in it is good only as long as this server lives.
 */
export async function startUp({
  port,
  dataDirectory,
  retention,
  ...options
}: StartUpOptions): Promise<StartedUp> {
  const kept = readRetention(process.env, retention)
  const paths = getUserPaths(process.env, homedir())
  const data = dataDirectory ?? paths.data
  const store = createSqliteStore({ path: join(data, 'rgrid.db') })
  const blobs = createDiskBlobs({ directory: join(data, 'blobs') })
  const server = createServer({ store, blobs, pool: 'up', allowProcess: true, retention: kept })
  const { url, ...listening } = await listen(server, { port })
  const runner = await createLocalRunner({
    ...options,
    dataDirectory: data,
    instance: createInstance(),
    keepWarm: true,
    url,
    apiKey: server.grant({ scopes: ['runner'] }),
    // The runner lives beside the server: its requests need no socket.
    fetch: createDirectFetch(server),
  })
  await runner.start()
  await writeUpFile(paths.up, {
    url,
    apiKey: server.grant({ scopes: ['submit', 'read', 'admin'] }),
    pid: process.pid,
  })

  const shutDown = async (): Promise<void> => {
    await removeUpFile(paths.up)
    await runner.stop(STOP_GRACE_MS)
    await listening.close()
    await server.close()
  }
  let closing: Promise<void> | undefined
  return { url, close: () => (closing ??= shutDown()) }
}

async function writeUpFile(path: string, up: UpFile): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const temporary = `${path}.${randomUUID()}`
  await writeFile(temporary, JSON.stringify(up), { mode: 0o600, flag: 'wx' })
  await rename(temporary, path)
}

/** Removes the file unless a later `rgrid up` has written its own. */
async function removeUpFile(path: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => '')
  if (text.includes(`"pid":${process.pid}}`)) await rm(path, { force: true })
}
