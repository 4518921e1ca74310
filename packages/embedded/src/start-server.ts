import { getUserPaths, type Resources } from '@rgrid/protocol'
import { createDiskBlobs, createServer, createSqliteStore, listen, type Retention } from '@rgrid/server'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { readRetention } from './read-retention.js'

/** How a server is started. */
export interface StartServerOptions {
  /** @default 127.0.0.1 */
  readonly host?: string
  readonly port: number
  /** @default `$XDG_DATA_HOME/rgrid/server` */
  readonly dataDirectory?: string
  /**
   * Whether runners may run scripts as plain processes, without isolation.
   *
   * @default false
   */
  readonly allowProcess?: boolean
  /**
   * The most that one execution may ask for.
   *
   * @default what the runners allow
   */
  readonly ceilings?: Partial<Resources>
  /**
   * Patterns of images that executions may name in place of the runtime's, where `*` stands for anything.
   *
   * @default []
   */
  readonly images?: readonly string[]
  /**
   * How long ended executions are kept.
   *
   * @default `RGRID_OUTPUTS_DAYS`, `RGRID_LOGS_DAYS` and `RGRID_EXECUTIONS_DAYS`, else 30, 30 and 90 days
   */
  readonly retention?: Partial<Retention>
}

/** A server that listens. */
export interface StartedServer {
  readonly url: string
  /** The first API keys, only at the first start. They are not shown again. */
  readonly keys: { readonly admin: string; readonly runner: string } | undefined
  close(): Promise<void>
}

/** Starts a server on a port, over SQLite and a directory of blobs. */
export async function startServer({
  host = '127.0.0.1',
  port,
  dataDirectory,
  allowProcess = false,
  ceilings = {},
  images = [],
  retention,
}: StartServerOptions): Promise<StartedServer> {
  const kept = readRetention(process.env, retention)
  const directory = dataDirectory ?? join(getUserPaths(process.env, homedir()).data, 'server')
  const store = createSqliteStore({ path: join(directory, 'rgrid.db') })
  const blobs = createDiskBlobs({ directory: join(directory, 'blobs') })
  const server = createServer({ store, blobs, allowProcess, ceilings, images, retention: kept })
  const listening = await listen(server, { host, port })
  const keys = await server.bootstrap()
  const close = async (): Promise<void> => {
    await listening.close()
    await server.close()
  }
  return { url: listening.url, keys, close }
}
