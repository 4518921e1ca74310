import type Docker from 'dockerode'
import type { Runtime } from '@rgrid/protocol'
import { RUNTIMES } from '@rgrid/protocol'
import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SILENT, type Logger } from '../logger.js'
import { askEngine } from './docker/ask-engine.js'
import { LABELS } from './docker/container-policy.js'
import { getContainerUser, handOver } from './docker/container-user.js'
import { createControlDirectory } from './docker/control-directory.js'
import { createContainer, toStartError } from './docker/create-container.js'
import { DEFAULT_IMAGES, type Images } from './docker/images.js'
import { DEFAULT_SOCKET_PATH } from './docker/is-engine-answering.js'
import { removeContainer } from './docker/remove-container.js'
import { startContainer } from './docker/start-container.js'
import type { Executor, Launch, Running } from './executor.js'

/** How a Docker executor is made. */
export interface DockerExecutorOptions {
  /** Marks the containers of one runner; several runners may share an engine. */
  readonly instance: string
  /** @default '/var/run/docker.sock' */
  readonly socketPath?: string
  /** Images that take the place of the defaults. */
  readonly images?: Images
  readonly logger?: Logger
}

const CONTROL_TARGET = '/rgrid'
const ANSWER_TIMEOUT_MS = 10_000

/**
 * Runs each script in a container of its own: without network, as nobody, with a read-only root and only its workspace
 * to write to. The policy is not the caller's to choose.
 */
export function createDockerExecutor(options: DockerExecutorOptions): Executor {
  const { instance, socketPath = DEFAULT_SOCKET_PATH, logger = SILENT } = options
  const images: Readonly<Record<Runtime, string>> = { ...DEFAULT_IMAGES, ...options.images }
  const user = getContainerUser()
  const live = new Set<string>()
  const connect = once(async () => {
    // Heavy to load, so only when there is a use for it.
    const { default: Dockerode } = await import('dockerode')
    return new Dockerode({ socketPath })
  })
  const getHasInit = once(async () => hasInit(await connect()))

  const start = async (launch: Launch): Promise<Running> => {
    const undo: (() => Promise<void>)[] = []
    const release = async (): Promise<void> => {
      for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step()
    }
    try {
      const docker = await connect()
      const hasInit = await getHasInit()
      await handOver(launch.workDir, user)
      const control = await createControlDirectory(launch, user)
      undo.push(() => control.remove())
      const setup = { instance, user, hasInit, image: images[launch.runtime], mountDir: control.mountDir }
      const container = await createContainer(docker, launch, setup)
      live.add(container.id)
      undo.push(async () => {
        await removeContainer(container)
        live.delete(container.id)
      })
      return { ...(await startContainer(container, launch)), release }
    } catch (error) {
      await release().catch((cause: unknown) => logger.warn(`${launch.executionId}: ${String(cause)}`))
      throw toStartError(error)
    }
  }

  return {
    name: 'docker',
    async listRuntimes() {
      const names = [...new Set(Object.values(images))]
      const found = await Promise.all(names.map((name) => hasImage(socketPath, name)))
      const present = new Set(names.filter((_, index) => found[index]))
      return RUNTIMES.filter((runtime) => present.has(images[runtime]))
    },
    start,
    async sweep() {
      const filters = { label: [`${LABELS.instance}=${instance}`] }
      if (!(await hasContainers(socketPath, filters))) return
      const docker = await connect()
      const left = (await docker.listContainers({ all: true, filters })).filter(({ Id }) => !live.has(Id))
      for (const { Id, Names, Mounts } of left) {
        logger.info(`removing the container ${Names.join(', ')} that an earlier runner left`)
        await removeContainer(docker.getContainer(Id))
        const control = Mounts.find(({ Destination }) => Destination === CONTROL_TARGET)
        if (control !== undefined) await rm(dirname(control.Source), { recursive: true, force: true })
      }
    },
    async close() {
      for (const id of live) logger.warn(`the container ${id} is still there`)
    },
  }
}

/** Runs `make` at the first call and keeps what it gave, unless it failed. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined
      throw error
    })
    return made
  }
}

async function hasInit(docker: Docker): Promise<boolean> {
  const info: unknown = await docker.info()
  const commit =
    typeof info === 'object' && info !== null && 'InitCommit' in info ? info.InitCommit : undefined
  // What the engine answers when it finds no init to ask for its version.
  return !(typeof commit === 'object' && commit !== null && 'ID' in commit && commit.ID === 'N/A')
}

async function hasImage(socketPath: string, image: string): Promise<boolean> {
  const { status, text } = await askEngine(socketPath, `/images/${image}/json`, ANSWER_TIMEOUT_MS)
  if (status === 404) return false
  if (status !== 200) throw new Error(`the Docker engine says of the image ${image}: ${text.trim()}`)
  return true
}

/** Whether there is any container to look at: mostly not, and then the Docker client need not be loaded. */
async function hasContainers(socketPath: string, filters: object): Promise<boolean> {
  const path = `/containers/json?all=1&filters=${encodeURIComponent(JSON.stringify(filters))}`
  const { status, text } = await askEngine(socketPath, path, ANSWER_TIMEOUT_MS)
  return status !== 200 || text.trim() !== '[]'
}
