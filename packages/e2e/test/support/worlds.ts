import { createExecutors, createEmbedded } from '@rgrid/embedded'
import { createRunner } from '@rgrid/runner'
import { createClient, type RGridClient } from '@rgrid/sdk'
import { createDiskBlobs, createServer, createSqliteStore, listen } from '@rgrid/server'
import type { ExecutorName } from '@rgrid/protocol'
import type { Fetch } from '@rgrid/protocol/client'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A place where executions run, complete and empty. */
export interface World {
  /** Where a client connects. */
  readonly url: string
  readonly apiKey: string
  readonly fetch: Fetch | undefined
  readonly client: RGridClient
  /** Where its server and runner keep what they keep. */
  readonly directory: string
  close(): Promise<void>
}

/** A way to run RGrid. */
export interface Kind {
  readonly name: string
  readonly executor: ExecutorName
  open(options?: WorldOptions): Promise<World>
}

/** How a world is made. */
export interface WorldOptions {
  /** How many scripts run at once. @default 4 */
  readonly slots?: number
  /** Where its directory is made. @default that for temporary files */
  readonly within?: string
}

const SLOTS = 4
// Shared by all tests, as looking into an image takes a while and gives the same each time.
const CACHE = join(tmpdir(), 'rgrid-test-cache')

const makeDirectory = (within = tmpdir()): Promise<string> => mkdtemp(join(within, 'rgrid-world-'))

async function openEmbedded(
  executor: ExecutorName,
  { slots = SLOTS, within }: WorldOptions = {},
): Promise<World> {
  const dataDirectory = await makeDirectory(within)
  const embedded = await createEmbedded({ dataDirectory, slots, executors: [executor] })
  const { url, apiKey, fetch } = embedded
  const close = async (): Promise<void> => {
    await embedded.close()
    await rm(dataDirectory, { recursive: true })
  }
  const client = createClient({ url, apiKey, fetch })
  return { url, apiKey, fetch, client, directory: dataDirectory, close }
}

async function openHttp(
  executor: ExecutorName,
  { slots = SLOTS, within }: WorldOptions = {},
): Promise<World> {
  const directory = await makeDirectory(within)
  const store = createSqliteStore({ path: join(directory, 'rgrid.db') })
  const blobs = createDiskBlobs({ directory: join(directory, 'blobs') })
  const server = createServer({ store, blobs, allowProcess: true })
  const { url, ...listening } = await listen(server, { port: 0 })
  const runner = createRunner({
    url,
    apiKey: server.grant({ scopes: ['runner'] }),
    executors: await createExecutors(
      { instance: `e2e-${process.pid}-${randomUUID()}`, executors: [executor], slots },
      { workDirectory: join(directory, 'runner'), cacheDirectory: CACHE },
    ),
    workDirectory: join(directory, 'runner'),
    slots,
  })
  await runner.start()
  const apiKey = server.grant({ scopes: ['submit', 'read'] })
  const client = createClient({ url, apiKey })
  const close = async (): Promise<void> => {
    await client.close()
    await runner.stop()
    await listening.close()
    await server.close()
    await rm(directory, { recursive: true })
  }
  return { url, apiKey, fetch: undefined, client, directory, close }
}

const createKind = (name: string, executor: ExecutorName, open: typeof openHttp): Kind => ({
  name,
  executor,
  open: (options) => open(executor, options),
})

/** The four ways that every scenario runs in. */
export const KINDS = {
  embeddedProcess: createKind('embedded, process', 'process', openEmbedded),
  embeddedDocker: createKind('embedded, docker', 'docker', openEmbedded),
  httpProcess: createKind('HTTP, process', 'process', openHttp),
  httpDocker: createKind('HTTP, docker', 'docker', openHttp),
}
