import { createProcessExecutor, createRunner, type RunnerOptions } from '@rgrid/runner'
import { createClient, type RGridClient } from '@rgrid/sdk'
import { createDiskBlobs, createServer, createSqliteStore, listen } from '@rgrid/server'
import { writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Where a server keeps what it has, and how its runner is made. */
export interface ProcessServerOptions extends Partial<RunnerOptions> {
  /** Of the runner and of scripts; removed at the end of the test. */
  readonly directory: string
  /** What the server keeps. @default the same directory */
  readonly kept?: string
}

/** Starts a server with a runner that runs `hello.sh` as a process, until the test ends. */
export async function openProcessServer({
  directory,
  kept = directory,
  ...options
}: ProcessServerOptions): Promise<RGridClient> {
  const store = createSqliteStore({ path: join(kept, 'rgrid.db') })
  const blobs = createDiskBlobs({ directory: join(kept, 'blobs') })
  const server = createServer({ store, blobs, allowProcess: true })
  const { url, close } = await listen(server, { port: 0 })
  const workDirectory = join(directory, 'runner')
  const instance = `full-${process.pid}`
  const runner = createRunner({
    url,
    apiKey: server.grant({ scopes: ['runner'] }),
    executors: [createProcessExecutor({ instance, workDirectory, cacheDirectory: join(directory, 'cache') })],
    workDirectory,
    ...options,
  })
  const client = createClient({ url, apiKey: server.grant({ scopes: ['submit', 'read'] }) })
  onTestFinished(async () => {
    await client.close()
    await runner.stop()
    await close()
    await server.close()
    await rm(directory, { recursive: true })
  })
  writeFileSync(join(directory, 'hello.sh'), 'echo hello')
  await runner.start()
  return client
}
