import { createClient, type RGridClient } from '@rgrid/sdk'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openCanary, type Canary } from './canary.js'
import {
  followEngine,
  getHome,
  getInstance,
  listContainers,
  makeImage,
  remove,
  removeImage,
  type ListedContainer,
} from './engine.js'
import { findMarked, startRunner, type RunnerProcess } from './runner-process.js'
import { createSteps, type Steps } from './steps.js'
import { startServer, type WatchedServer } from './watched-server.js'

/** A server in this process and runners in others, all over one directory. */
export interface World {
  readonly server: WatchedServer
  readonly client: RGridClient
  readonly canary: Canary
  readonly steps: Steps
  readonly directory: string
  /** Starts a runner, with the same data directory as those before. It need not claim yet. */
  startRunner(): Promise<RunnerProcess>
  /** The instances of runners that have a directory now. */
  listInstances(): string[]
  /** The containers of all the runners that there have been, also of those that looked at images. */
  listContainers(): Promise<ListedContainer[]>
  /** What an instance has in the cache only as long as it prepares an image. */
  listTemporaries(instance: string): string[]
  /** Makes an image that no runner has seen, and returns its name. It is there until the world is closed. */
  makeImage(): Promise<string>
  /** What there is that should not be, while a runner with nothing to do is there, or none. */
  findLeft(runner?: RunnerProcess): Promise<string[]>
  close(): Promise<void>
}

/** How a world is opened. */
export interface WorldOptions {
  /** @default 4500 */
  readonly leaseMs?: number
  /** @default 500 */
  readonly leaseMarginMs?: number
}

// Shared by all tests, as looking into an image takes a while and gives the same each time.
const CACHE = join(tmpdir(), 'rgrid-test-cache')

const LATE_MS = 300

/** Opens a world without a runner. */
export async function openWorld({ leaseMs = 4_500, leaseMarginMs = 500 }: WorldOptions = {}): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'rgrid-faults-'))
  const dataDirectory = join(directory, 'data')
  const runners = join(dataDirectory, 'runners')
  mkdirSync(runners, { recursive: true })
  mkdirSync(CACHE, { recursive: true })
  symlinkSync(CACHE, join(dataDirectory, 'cache'))
  const mark = randomBytes(8).toString('hex')
  const steps = createSteps()
  const server = await startServer({ directory, leaseMs, leaseMarginMs, steps })
  const canary = await openCanary((word, id) => void steps.note(word === 'begin' ? 'begin' : 'end', id))
  const client = createClient({ url: server.url, apiKey: server.keys.admin })
  const started: RunnerProcess[] = []
  const instances = new Set<string>()
  const images = new Map<string, string>()

  const listInstances = (): string[] => {
    const names = readdirSync(runners)
    for (const name of names) instances.add(name)
    return names
  }
  const listOurs = async (): Promise<ListedContainer[]> => {
    listInstances()
    return (await listContainers()).filter((container) => instances.has(getInstance(container)))
  }
  const stopFollowing = await followEngine(({ action, instance, isProbe }) => {
    if (!listInstances().includes(instance)) return
    const verb = ({ create: 'created', start: 'started', destroy: 'removed' } as const)[action]
    void steps.note(isProbe ? `probe-${verb}` : `container-${verb}`)
  })

  return {
    server,
    client,
    canary,
    steps,
    directory,
    listInstances,
    listContainers: listOurs,
    listTemporaries,
    async makeImage() {
      const name = `rgrid-faults/${mark}-${images.size}`
      images.set(name, await makeImage(name))
      return name
    },
    async startRunner() {
      const runner = await startRunner({ url: server.url, apiKey: server.keys.runner, dataDirectory, mark })
      started.push(runner)
      return runner
    },
    async findLeft(runner) {
      const isLive = (instance: string): boolean => instance.startsWith(`${runner?.pid ?? 'none'}-`)
      const containers = await listOurs()
      const homes = listHomes(runners, listInstances().filter(isLive))
      return [
        ...listInstances().filter((instance) => !isLive(instance)),
        ...containers
          .filter((container) => !isLive(getInstance(container)) || !isWaiting(container))
          .map(describe),
        ...containers.filter((container) => !homes.includes(getHome(container) ?? '')).map(describe),
        ...homes.filter((home) => !containers.some((container) => getHome(container) === home)),
        ...[...instances].flatMap(listTemporaries),
        ...(await findMarked(mark)).filter((pid) => pid !== runner?.pid).map((pid) => `process ${pid}`),
      ]
    },
    async close() {
      await client.close()
      for (const runner of started) await runner.kill()
      stopFollowing()
      canary.close()
      await server.close()
      for (const { Id } of await listOurs()) await remove(Id)
      // What the engine was about to make when the runner was killed.
      await sleep(LATE_MS)
      for (const { Id } of await listOurs()) await remove(Id)
      for (const [name, id] of images) {
        await removeImage(name)
        for (const path of listCached(id)) await rm(path, { recursive: true, force: true })
      }
      await rm(directory, { recursive: true, force: true })
    },
  }
}

const isWaiting = ({ Names: [name = ''], State }: ListedContainer): boolean =>
  name.startsWith('/rgrid-waiting-') && State === 'running'

const describe = (container: ListedContainer): string =>
  `${container.Names.join()} of ${getInstance(container)} is ${container.State}`

/** What is kept of an image. */
const listCached = (id: string): string[] => {
  const name = id.replace(':', '-')
  return [join(CACHE, 'images', `${name}.json`), join(CACHE, 'pycache', name)]
}

const listTemporaries = (instance: string): string[] =>
  ['.', 'images', 'pycache']
    .map((folder) => join(CACHE, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((path) => path.includes(`.${instance}.`))

function listHomes(runners: string, instances: readonly string[]): string[] {
  return instances.flatMap((instance) => {
    const root = join(runners, instance, 'docker', 'containers')
    try {
      return readdirSync(root).map((name) => join(root, name))
    } catch {
      return []
    }
  })
}
