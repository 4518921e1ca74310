import { getUserPaths } from '@rgrid/protocol'
import type { Fetch } from '@rgrid/protocol/client'
import type { Runner } from '@rgrid/runner'
import { createDiskBlobs, createServer, createSqliteStore } from '@rgrid/server'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createLocalRunner } from './create-local-runner.js'
import { createDirectFetch } from './direct-fetch.js'
import { createInstance } from './instance.js'
import { readRetention } from './read-retention.js'
import type { ExecutorName } from '@rgrid/protocol'

/** How embedded mode is set up. */
export interface EmbeddedOptions {
  /**
   * Where executions, files and workspaces are kept.
   *
   * @default `$XDG_DATA_HOME/rgrid`, else `~/.local/share/rgrid`
   */
  readonly dataDirectory?: string
  /**
   * How many scripts run at once.
   *
   * @default 4
   */
  readonly slots?: number
  /** @default Docker where an engine answers and has the images, and plain processes */
  readonly executors?: readonly ExecutorName[]
}

/** A server and a runner in this process, without a socket. */
export interface Embedded {
  /** Not a real address: requests to it only work through {@link Embedded.fetch}. */
  readonly url: string
  /** Opens this server, as long as it lives. */
  readonly apiKey: string
  readonly fetch: Fetch
  /** Stops the runner, ending what still runs, and closes the store. Idempotent. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const URL = 'http://embedded'
// What has something run.
const STARTING = /^(?:PUT \/v1\/(?:executions|batches)\/|POST .*\/(?:items|retry)$)/

/** Composes a server and a runner in this process. The runner starts with the first execution that is submitted. */
export async function createEmbedded(options: EmbeddedOptions = {}): Promise<Embedded> {
  const { dataDirectory = getUserPaths(process.env, homedir()).data } = options
  const instance = createInstance()
  const store = createSqliteStore({ path: join(dataDirectory, 'rgrid.db') })
  const blobs = createDiskBlobs({ directory: join(dataDirectory, 'blobs') })
  const server = createServer({
    store,
    blobs,
    pool: `embedded-${instance}`,
    allowProcess: true,
    refuseUnfit: true,
    retention: readRetention(process.env),
  })
  const apiKey = server.grant({ scopes: ['submit', 'read', 'admin'] })

  const passOn = createDirectFetch(server)
  let runner: Promise<Runner> | undefined
  const startRunner = async (): Promise<Runner> => {
    const made = await createLocalRunner({
      ...options,
      dataDirectory,
      instance,
      url: URL,
      apiKey: server.grant({ scopes: ['runner'] }),
      fetch: passOn,
    })
    await made.start()
    return made
  }

  const shutDown = async (): Promise<void> => {
    await (await runner?.catch(() => undefined))?.stop()
    await server.close()
  }
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => (closing ??= shutDown())

  return {
    url: URL,
    apiKey,
    async fetch(url, init) {
      if (needsRunner(url, init.method)) await (runner ??= startRunner())
      return passOn(url, init)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Whether a request is about running something, or about what can be run. */
function needsRunner(url: string, method: string): boolean {
  const path = url.slice(URL.length)
  if (method === 'GET') return path === '/v1/runners' || path === '/v1/runtimes'
  return STARTING.test(`${method} ${path}`)
}
