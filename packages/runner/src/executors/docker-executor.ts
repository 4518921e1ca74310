import type { KnownRuntime } from '@rgrid/protocol'
import { mkdir } from 'node:fs/promises'
import { SILENT, type Logger } from '../logger.js'
import { createArchivePlace } from './docker/archive/archive-place.js'
import { createAttachedPlace, toContainerName } from './docker/attached-place.js'
import { completeLaunch } from './docker/complete-launch.js'
import { getContainerUser } from './docker/container-user.js'
import { toStartError } from './docker/create-container.js'
import { createOffer, measureMachine } from './docker/create-offer.js'
import { createDockerContext } from './docker/docker-context.js'
import type { EngineAddress } from './docker/engine-address.js'
import { isEngineStatus } from './docker/engine-error.js'
import { listEnvironments } from './docker/list-environments.js'
import type { PreparedImage } from './docker/images/prepared-image.js'
import { once } from './docker/once.js'
import { toShape, type Shape, type ShapeRequest } from './docker/shape.js'
import { createContainerPool } from './docker/waiting/container-pool.js'
import { createWaitingPlace } from './docker/waiting/waiting-place.js'
import { StartError, type Executor, type Place, type PlaceRequest } from './executor.js'
import { DEFAULT_RUNTIMES, getEntry, type RuntimeTable } from './runtimes/runtime-table.js'

/** How a Docker executor is made. */
export interface DockerExecutorOptions {
  /** Marks the containers of one runner; several runners may share an engine. */
  readonly instance: string
  /** A directory of this executor's own, for the files of its containers. */
  readonly workDirectory: string
  /** Where what is known of images and dependencies is kept; runners may share it. */
  readonly cacheDirectory: string
  /** Where the engine is. @default the socket `/var/run/docker.sock` of this machine */
  readonly engine?: EngineAddress
  /** @default `DEFAULT_RUNTIMES` */
  readonly runtimes?: RuntimeTable
  /** Patterns of images that a script may ask for. @default ['*'] */
  readonly allowedImages?: readonly string[]
  /** How many scripts run at once: as many containers wait for the next. @default 4 */
  readonly slots?: number
  /** Whether containers wait from the start, and not only once scripts follow each other. @default false */
  readonly keepWarm?: boolean
  /** Whether the images of the most usual runtimes are pulled at the start. @default false */
  readonly prePull?: boolean
  /** The engine's runtime, such as `runsc`. @default the engine's own default */
  readonly engineRuntime?: string
  readonly logger?: Logger
}

const IDLE_MS = 5 * 60_000
const REFILL_DELAY_MS = 100
const REFILL_PACE_MS = 30
// How many images have a container waiting from the start.
const PREWARMED = 3
// The images of these are worth a pull before anyone asks.
const PRE_PULLED = ['python', 'node', 'bash'] as const satisfies readonly KnownRuntime[]

/**
 * Runs each script in a container of its own: without network, as nobody, with a read-only root and only its workspace
 * to write to. The policy is not the caller's to choose. Containers are started ahead where that is possible.
 */
export function createDockerExecutor(options: DockerExecutorOptions): Executor {
  const { allowedImages = ['*'], slots = 4, keepWarm = false, prePull = false } = options
  const { runtimes = DEFAULT_RUNTIMES, logger = SILENT } = options
  const context = createDockerContext(options)
  const { images, dependencies } = context
  const user = getContainerUser()
  const pool = createContainerPool({
    make: (shape) => context.makeWaiting(shape),
    perShape: slots,
    max: 2 * slots,
    idleMs: IDLE_MS,
    refillDelayMs: REFILL_DELAY_MS,
    paceMs: REFILL_PACE_MS,
    logger,
  })
  const getImageName = ({ runtime, image }: ImageRequest): string =>
    image ?? getEntry(runtimes, runtime).image
  const ensureImage = (request: ImageRequest): Promise<PreparedImage> =>
    images.ensure(getImageName(request), request).catch((error: unknown) => {
      throw explainImage(error, request)
    })
  const toShapeHere = async (request: ShapeRequest, image: PreparedImage): Promise<Shape> =>
    toShape(request, image, (await context.getSize()).cpus)
  /** Whether scripts can be handed to containers that run: that takes a shell there, and FIFOs that both sides see. */
  const canWait = ({ sharesFifos }: PreparedImage): boolean =>
    sharesFifos && options.engineRuntime === undefined

  const prepare = async (request: PlaceRequest): Promise<Place> => {
    const entry = getEntry(runtimes, request.runtime)
    const image = await ensureImage(request)
    const complete = completeLaunch(request, entry, image)
    const shape = await toShapeHere(request, image)
    if (!image.sharesFiles) {
      const container = await context.getContainerContext()
      return createArchivePlace({ ...container, complete, meter: context.meter }, request, shape)
    }
    if (!canWait(image)) {
      const container = await context.getContainerContext()
      return context.keepLayer(shape, await createAttachedPlace({ ...container, complete }, request, shape))
    }
    const taken = await pool.take(shape, request.signal)
    const engine = context.getEngineWatch()
    return createWaitingPlace({ pool, user, engine, complete, name: toContainerName(request) }, taken)
  }
  const prepareAgain = async (request: PlaceRequest, error: unknown): Promise<Place> => {
    // The image was removed since it was looked at: it is looked for anew, once.
    if (!isEngineStatus(error, 404)) throw error
    images.forget(getImageName(request))
    return prepare(request)
  }

  const listPresent = async (): Promise<string[]> => {
    const names = [...new Set(Object.values(runtimes).map(({ image }) => image))]
    const found = await Promise.all(names.map((name) => images.has(name)))
    return names.filter((_, index) => found[index])
  }
  /** Makes ready what is likely to be asked for, while nobody waits: once, however often it is described. */
  const makeReady = once(async (): Promise<void> => {
    if (prePull) await images.prePull(PRE_PULLED.map((runtime) => runtimes[runtime].image))
    if (!keepWarm) return
    for (const name of (await listPresent()).slice(0, PREWARMED)) {
      const image = await images.ensure(name, NOBODY)
      if (canWait(image)) pool.prewarm(await toShapeHere(PLAIN_REQUEST, image))
    }
  })

  return {
    name: 'docker',
    async describe() {
      const present = await listPresent()
      makeReady().catch((error: unknown) => logger.warn(`nothing is ready ahead: ${String(error)}`))
      const names = Object.keys(runtimes)
      const isPresent = (name: string): boolean => present.includes(getEntry(runtimes, name).image)
      const absent = names.filter((name) => !isPresent(name))
      await mkdir(options.workDirectory, { recursive: true })
      const most = await measureMachine(options.workDirectory, await context.getSize())
      return [
        createOffer(names.filter(isPresent), runtimes, allowedImages, most),
        createOffer(absent, runtimes, allowedImages, most),
      ]
    },
    listEnvironments: async () => listEnvironments(await images.list(), runtimes, allowedImages),
    watchEnvironments: (listener) => context.watchImages(listener),
    async prepare(request) {
      try {
        return await prepare(request).catch((error: unknown) => prepareAgain(request, error))
      } catch (error) {
        throw toStartError(error)
      }
    },
    async install(request) {
      const image = await ensureImage(request)
      if (!image.sharesFiles) throw new StartError('dependency_install', NO_DEPENDENCIES)
      return dependencies.ensure({ ...request, base: image.id })
    },
    findOrphans: () => context.findOrphans(),
    getPoolStats: () => pool.getStats(),
    sweep: () => context.sweep(),
    async close() {
      await pool.drain()
      await context.close()
    },
  }
}

const NO_DEPENDENCIES =
  'packages cannot be installed on a Docker engine that sees no files of its runner: use an image that has them, or run the runner on the machine of the engine'

const NOBODY = { onProgress: () => undefined, signal: new AbortController().signal }

const PLAIN_REQUEST = {
  resources: {},
  network: undefined,
  isolation: 'execution' as const,
  layer: undefined,
  project: '',
  scriptSha256: '',
} satisfies ShapeRequest

type ImageRequest = Pick<PlaceRequest, 'runtime' | 'image' | 'onProgress' | 'signal'>

/** Says for what an image was wanted that is not to be had. */
function explainImage(error: unknown, { runtime, image }: ImageRequest): unknown {
  if (!(error instanceof StartError) || image !== undefined) return error
  return new StartError(error.reason, `runtime ${runtime}: ${error.message}`, { cause: error })
}
