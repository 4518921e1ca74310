import { createClient, type Execution, type RGridClient, type RunOptions } from '@rgrid/sdk'
import { createDiskBlobs, createServer, createSqliteStore, listen } from '@rgrid/server'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getHome, listContainers, readLaunch, type ListedContainer } from './engine.js'
import { createProject, removeProjects } from './project.js'
import { startRunner, type RunnerProcess } from './runner-process.js'

/** A server in this process, and a runner with the Docker executor in another. */
export interface World {
  readonly url: string
  /** A key that may all that a user may. */
  readonly apiKey: string
  readonly client: RGridClient
  readonly instance: string
  readonly runner: RunnerProcess
  readonly directory: string
  /** Runs a hostile script with the limits that all of them get. */
  run(source: string, options?: HostileOptions): Execution
  /** The container of an execution that runs. */
  findContainer(executionId: string): Promise<ListedContainer | undefined>
  /** What there still is of an execution, and what nobody knows of. */
  findLeft(executionId: string): Promise<string[]>
  /** Leaves the runner alone, as when the tests are killed: without a server, and without anyone who hears it. */
  vanish(): Promise<void>
  close(): Promise<void>
}

/** Options of a run, and the name of its script, which says what runs it. */
export type HostileOptions = RunOptions & {
  readonly script?: string
  readonly files?: Readonly<Record<string, Uint8Array>>
}

const LIMITS = { memoryMib: 256, cpus: 0.5, pids: 64, diskMib: 64, timeoutMs: 20_000 } as const

/** Opens a world of its own. */
export async function openWorld(): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'rgrid-hostile-world-'))
  const instance = `hostile-${process.pid}-${randomBytes(3).toString('hex')}`
  const store = createSqliteStore({ path: join(directory, 'rgrid.db') })
  const blobs = createDiskBlobs({ directory: join(directory, 'blobs') })
  const server = createServer({ store, blobs })
  const { url, ...listening } = await listen(server, { port: 0 })
  const runner = await startRunner({ url, instance, directory, apiKey: server.grant({ scopes: ['runner'] }) })
  const apiKey = server.grant({ scopes: ['submit', 'read', 'admin'] })
  const client = createClient({ url, apiKey })
  const homes = join(directory, 'docker', 'containers')
  const findHome = (executionId: string): string | undefined =>
    readdirSync(homes).find((name) => readLaunch(join(homes, name)).includes(executionId))

  return {
    url,
    apiKey,
    client,
    instance,
    runner,
    directory,
    run(source, { script = 'script.py', files = {}, ...options } = {}) {
      const cwd = createProject({ [script]: source, ...files })
      return client.run(script, { cwd, ...LIMITS, ...options })
    },
    async findContainer(executionId) {
      const home = findHome(executionId)
      if (home === undefined) return undefined
      return (await listContainers(instance)).find((container) => getHome(container) === join(homes, home))
    },
    async findLeft(executionId) {
      const home = findHome(executionId)
      const containers = await listContainers(instance)
      const known = new Set(readdirSync(homes).map((name) => join(homes, name)))
      return [
        ...(home === undefined ? [] : [home]),
        ...containers.filter((container) => !known.has(getHome(container))).map(({ Id }) => Id),
      ]
    },
    async vanish() {
      await listening.close()
      runner.abandon()
    },
    async close() {
      await client.close()
      await runner.stop()
      await listening.close()
      await server.close()
      await rm(directory, { recursive: true, force: true })
      removeProjects()
    },
  }
}
