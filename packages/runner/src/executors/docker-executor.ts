import type { Resources } from '@rgrid/protocol'
import { LIMITS, RUNTIMES } from '@rgrid/protocol'
import { mkdir } from 'node:fs/promises'
import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'
import { createContainerInstaller } from '../dependencies/container-installer.js'
import { createDependencyStore } from '../dependencies/dependency-store.js'
import { getContainerUse } from '../dependencies/layer-use.js'
import { SILENT, type Logger } from '../logger.js'
import { createAttachedPlace, toContainerName } from './docker/attached-place.js'
import { LABELS, PYCACHE_TARGET } from './docker/container-policy.js'
import { getContainerUser } from './docker/container-user.js'
import { toStartError } from './docker/create-container.js'
import { watchEngine, type EngineWatch } from './docker/engine-watch.js'
import { hasInit } from './docker/has-init.js'

import { createImageStore } from './docker/images/image-store.js'
import type { PreparedImage } from './docker/images/prepared-image.js'
import {
  DEFAULT_RUNTIMES,
  findCommand,
  type RuntimeEntry,
  type RuntimeTable,
} from './docker/images/runtime-table.js'
import { DEFAULT_SOCKET_PATH } from './docker/is-engine-answering.js'
import type { LaunchScript } from './docker/launch-script.js'
import { once } from './docker/once.js'
import { SECCOMP_PROFILE } from './docker/seccomp/create-profile.js'
import { toShape, type Shape, type ShapeRequest } from './docker/shape.js'
import { sweepContainers } from './docker/sweep-containers.js'
import { createContainerPool } from './docker/waiting/container-pool.js'
import { createWaitingContainer, type ContainerContext } from './docker/waiting/create-waiting-container.js'
import type { WaitingContainer } from './docker/waiting/waiting-container.js'
import { createWaitingPlace } from './docker/waiting/waiting-place.js'
import { StartError, type Executor, type Launch, type Place, type PlaceRequest } from './executor.js'

/** How a Docker executor is made. */
export interface DockerExecutorOptions {
  /** Marks the containers of one runner; several runners may share an engine. */
  readonly instance: string
  /** A directory of this executor's own, for the files of its containers. */
  readonly workDirectory: string
  /** Where what is known of images and dependencies is kept; runners may share it. */
  readonly cacheDirectory: string
  /** @default '/var/run/docker.sock' */
  readonly socketPath?: string
  /** @default `DEFAULT_RUNTIMES` */
  readonly runtimes?: RuntimeTable
  /** Patterns of images that a script may ask for. @default ['*'] */
  readonly allowedImages?: readonly string[]
  /** How many scripts run at once: as many containers wait for the next. @default 4 */
  readonly slots?: number
  /** Whether containers wait from the start, and not only once scripts follow each other. @default false */
  readonly keepWarm?: boolean
  /** The engine's runtime, such as `runsc`. @default the engine's own default */
  readonly engineRuntime?: string
  readonly logger?: Logger
}

const IDLE_MS = 5 * 60_000
const REFILL_DELAY_MS = 30
// How many images have a container waiting from the start.
const PREWARMED = 3

/**
 * Runs each script in a container of its own: without network, as nobody, with a read-only root and only its workspace
 * to write to. The policy is not the caller's to choose. Containers are started ahead where that is possible.
 */
export function createDockerExecutor(options: DockerExecutorOptions): Executor {
  const { instance, workDirectory, cacheDirectory, socketPath = DEFAULT_SOCKET_PATH } = options
  const { allowedImages = ['*'], slots = 4, keepWarm = false, engineRuntime, logger = SILENT } = options
  const { runtimes = DEFAULT_RUNTIMES } = options
  const user = getContainerUser()
  const root = join(workDirectory, 'containers')
  const homes = new Set<string>()
  let engine: EngineWatch | undefined

  const connect = once(async () => {
    // Heavy to load, so only when there is a use for it.
    const { default: Dockerode } = await import('dockerode')
    return new Dockerode({ socketPath })
  })
  const images = createImageStore({
    docker: connect,
    socketPath,
    cacheDirectory: join(cacheDirectory, 'images'),
    user,
    labels: { [LABELS.instance]: instance },
    programs: Object.values(runtimes).flatMap(({ command }) => command.slice(0, 1)),
    logger,
  })
  const dependencies = createDependencyStore({
    directory: join(cacheDirectory, 'dependencies'),
    installer: createContainerInstaller({
      instance,
      connect,
      seccomp: SECCOMP_PROFILE,
      ...(engineRuntime === undefined ? {} : { engineRuntime }),
      logger,
    }),
    logger,
  })
  const getContext = once(async (): Promise<ContainerContext> => {
    const docker = await connect()
    await mkdir(root, { recursive: true, mode: 0o700 })
    engine ??= watchEngine(socketPath)
    return {
      docker,
      instance,
      user,
      hasInit: await hasInit(docker),
      engineRuntime,
      seccomp: SECCOMP_PROFILE,
      root,
      homes,
    }
  })
  const makeWaiting = async (shape: Shape): Promise<WaitingContainer> => {
    const release = shape.layer === undefined ? undefined : dependencies.retain(shape.layer)
    try {
      const waiting = await createWaitingContainer(shape, await getContext())
      return { ...waiting, destroy: () => waiting.destroy().finally(release) }
    } catch (error) {
      release?.()
      throw error
    }
  }
  const pool = createContainerPool({
    make: makeWaiting,
    perShape: slots,
    max: 2 * slots,
    idleMs: IDLE_MS,
    refillDelayMs: REFILL_DELAY_MS,
    logger,
  })

  const ensureImage = (request: ImageRequest): Promise<PreparedImage> =>
    images.ensure(request.image ?? runtimes[request.runtime].image, request).catch((error: unknown) => {
      throw explainImage(error, request)
    })

  /** Whether scripts can be handed to containers that run: that takes a shell there, and FIFOs that both sides see. */
  const canWait = ({ hasShell }: PreparedImage): boolean => hasShell && engineRuntime === undefined

  const prepare = async (request: PlaceRequest): Promise<Place> => {
    const entry = runtimes[request.runtime]
    const image = await ensureImage(request)
    const complete = completeLaunch(request, entry, image)
    const shape = toShape(request, image)
    const context = await getContext()
    if (!canWait(image)) return createAttachedPlace({ ...context, complete }, request, shape)
    const taken = await pool.take(shape, request.signal)
    const watch = (engine ??= watchEngine(socketPath))
    return createWaitingPlace({ pool, user, engine: watch, complete, name: toContainerName(request) }, taken)
  }

  const prewarm = async (present: readonly string[]): Promise<void> => {
    for (const name of present.slice(0, PREWARMED)) {
      const image = await images.ensure(name, {
        onProgress: () => undefined,
        signal: new AbortController().signal,
      })
      if (canWait(image)) pool.prewarm(toShape(PLAIN_REQUEST, image))
    }
  }

  return {
    name: 'docker',
    async describe() {
      const names = [...new Set(Object.values(runtimes).map(({ image }) => image))]
      const found = await Promise.all(names.map((name) => images.has(name)))
      const present = names.filter((_, index) => found[index])
      if (keepWarm)
        prewarm(present).catch((error: unknown) => logger.warn(`nothing waits yet: ${String(error)}`))
      const offered = RUNTIMES.filter((runtime) => present.includes(runtimes[runtime].image))
      return {
        executor: 'docker',
        runtimes: offered,
        details: Object.fromEntries(offered.map((runtime) => [runtime, toDetail(runtimes[runtime])])),
        resources: getMost(),
        networks: ['none', 'bridge'],
        images: [...allowedImages],
      }
    },
    async prepare(request) {
      try {
        return await prepare(request)
      } catch (error) {
        throw toStartError(error)
      }
    },
    async install(request) {
      const image = await ensureImage(request)
      return dependencies.ensure({ ...request, base: image.id })
    },
    getPoolStats: () => pool.getStats(),
    async sweep() {
      await sweepContainers({
        connect,
        socketPath,
        instance,
        root,
        isOurs: (home) => homes.has(home),
        logger,
      })
      await dependencies.sweep()
    },
    async close() {
      images.close()
      await pool.drain()
      await dependencies.close()
      engine?.close()
    },
  }
}

const PLAIN_REQUEST = {
  resources: {},
  network: undefined,
  isolation: 'execution' as const,
  layer: undefined,
  project: '',
  scriptSha256: '',
} satisfies ShapeRequest

const toDetail = ({ image, command, installer }: RuntimeEntry) => ({
  image,
  command: [...command],
  installer,
})

const MIB = 1024 * 1024

/** The most that one script may use of this machine. */
function getMost(): Resources {
  return {
    cpus: availableParallelism(),
    memoryMib: Math.floor(totalmem() / MIB),
    pids: LIMITS.pidsMax,
    diskMib: LIMITS.diskMaxMib,
  }
}

/** Fills a launch up with what the image and the dependencies add to it. */
function completeLaunch(
  { runtime, executionId, attempt, layer }: PlaceRequest,
  entry: RuntimeEntry,
  image: PreparedImage,
): (launch: Launch) => LaunchScript {
  const found = findCommand(entry, image)
  if (found === undefined) {
    const [program = ''] = entry.command
    throw new StartError(
      'internal',
      `the image ${image.name} has no ${program} to run ${runtime} scripts with`,
    )
  }
  const use = layer === undefined ? undefined : getContainerUse(layer)
  const command = use?.program === undefined ? found : [use.program, ...found.slice(1)]
  const baseEnv = {
    // The root file system is read-only, and the container's user has no home in it.
    HOME: '/tmp',
    // Python would hold back what it prints to a pipe until it ends.
    PYTHONUNBUFFERED: '1',
    ...(image.pycacheDirectory === null ? {} : { PYTHONPYCACHEPREFIX: PYCACHE_TARGET }),
  }
  const path = [...(use?.pathFolders ?? []), image.env['PATH']].join(':')
  return (launch) => ({ ...launch, executionId, attempt, baseEnv: { ...baseEnv, PATH: path }, command })
}

type ImageRequest = Pick<PlaceRequest, 'runtime' | 'image' | 'onProgress' | 'signal'>

/** Says for what an image was wanted that is not to be had. */
function explainImage(error: unknown, { runtime, image }: ImageRequest): unknown {
  if (!(error instanceof StartError) || image !== undefined) return error
  return new StartError(error.reason, `runtime ${runtime}: ${error.message}`, { cause: error })
}
