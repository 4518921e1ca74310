import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createContainerInstaller } from '../../dependencies/container-installer.js'
import { createDependencyStore, type DependencyStore } from '../../dependencies/dependency-store.js'
import { SILENT } from '../../logger.js'
import type { Layer, Orphan, Place } from '../executor.js'
import type { DockerExecutorOptions } from '../docker-executor.js'
import { createVolumeMeter, type VolumeMeter } from './archive/volume-meter.js'
import { sweepVolumes } from './archive/sweep-volumes.js'
import { getContainerUser } from './container-user.js'
import { toClientOptions } from './engine-address.js'
import { readEngineSize, type EngineSize } from './engine-size.js'
import { watchEngine, type EngineWatch } from './engine-watch.js'
import { createImageStore, type ImageStore } from './images/image-store.js'
import { DEFAULT_RUNTIMES } from '../runtimes/runtime-table.js'
import { DEFAULT_SOCKET_PATH } from './is-engine-answering.js'
import { once } from './once.js'
import type { Shape } from './shape.js'
import { readEngineInfo } from './read-engine-info.js'
import { sweepContainers } from './sweep-containers.js'
import { createWaitingContainer, type ContainerContext } from './waiting/create-waiting-container.js'
import { findOrphans } from './waiting/find-orphans.js'
import type { WaitingContainer } from './waiting/waiting-container.js'

/** What a Docker executor works with. */
export interface DockerContext {
  readonly images: ImageStore
  readonly dependencies: DependencyStore
  /** What containers are made with; asks the engine at the first call. */
  getContainerContext(): Promise<ContainerContext>
  /** What the engine's machine has; asks at the first call. */
  getSize(): Promise<EngineSize>
  /** Measures what scripts write on engines that see no files of this machine. */
  readonly meter: VolumeMeter
  /** Knows whether the engine went away since the first call. */
  getEngineWatch(): EngineWatch
  /** Calls `listener` when a name of an image may lead elsewhere, until the returned function is called. */
  watchImages(listener: () => void): () => void
  /** Starts a container that waits. */
  makeWaiting(shape: Shape): Promise<WaitingContainer>
  /** Keeps the dependencies of a shape for as long as a place is there. */
  keepLayer(shape: Shape, place: Place): Place
  /** See `Executor.findOrphans`. */
  findOrphans(): Promise<readonly Orphan[]>
  /** Removes what nobody uses; see `Executor.sweep`. */
  sweep(): Promise<boolean>
  close(): Promise<void>
}

/** Makes a {@link DockerContext}. Nothing is asked of the engine before there is a use for it. */
export function createDockerContext(options: DockerExecutorOptions): DockerContext {
  const { instance, workDirectory, cacheDirectory, engineRuntime } = options
  const { runtimes = DEFAULT_RUNTIMES, logger = SILENT } = options
  const address = options.engine ?? { socketPath: DEFAULT_SOCKET_PATH }
  const user = getContainerUser()
  const root = join(workDirectory, 'containers')
  const homes = new Set<string>()
  const listeners = new Set<() => void>()
  let watch: EngineWatch | undefined

  const connect = once(async () => {
    // Heavy to load, so only when there is a use for it.
    const { default: Dockerode } = await import('dockerode')
    return new Dockerode(toClientOptions(address))
  })
  const images = createImageStore({
    instance,
    connect,
    address,
    cacheDirectory,
    user,
    programs: Object.values(runtimes).flatMap(({ command }) => command.slice(0, 1)),
    logger,
  })
  const dependencies = createDependencyStore({
    directory: join(cacheDirectory, 'dependencies', 'docker'),
    installer: createContainerInstaller({
      instance,
      connect,
      address,
      ...(engineRuntime === undefined ? {} : { engineRuntime }),
      logger,
    }),
    logger,
  })
  const noteImages = (): void => {
    images.forgetAll()
    for (const listener of listeners) listener()
  }
  const getEngineWatch = (): EngineWatch => (watch ??= watchEngine(address, noteImages))
  const openEngine = once(async () => {
    const docker = await connect()
    await mkdir(root, { recursive: true, mode: 0o700 })
    const setup = { instance, user, engineRuntime, root, homes }
    const { hasInit, warning } = await readEngineInfo(docker)
    return { container: { docker, hasInit, ...setup }, warning }
  })
  const getContainerContext = once(async (): Promise<ContainerContext> => {
    const { container, warning } = await openEngine()
    if (warning !== undefined) logger.warn(warning)
    return container
  })

  return {
    images,
    dependencies,
    meter: createVolumeMeter(address),
    getSize: once(() => readEngineSize(address)),
    getContainerContext,
    getEngineWatch,
    watchImages(listener) {
      listeners.add(listener)
      getEngineWatch()
      return () => void listeners.delete(listener)
    },
    async makeWaiting(shape) {
      const release = shape.layer === undefined ? undefined : dependencies.retain(shape.layer)
      try {
        const waiting = await createWaitingContainer(shape, await getContainerContext())
        return { ...waiting, destroy: () => waiting.destroy().finally(release) }
      } catch (error) {
        release?.()
        throw error
      }
    },
    keepLayer({ layer }, place) {
      if (layer === undefined) return place
      const release = dependencies.retain(layer)
      return { ...place, remove: () => place.remove().finally(release) }
    },
    async findOrphans() {
      // Without directories there are no containers to look for.
      if ((await readdir(root).catch(() => [])).length === 0) return []
      const retain = (layer: Layer) => dependencies.retain(layer)
      const { container } = await openEngine()
      return findOrphans({ ...container, engine: getEngineWatch(), retain })
    },
    async sweep() {
      const isOurs = (home: string): boolean => homes.has(home)
      const areGone = await sweepContainers({ connect, address, instance, root, isOurs, logger })
      const areEmptied = await sweepVolumes({ connect, address, instance, root, isOurs, logger })
      const areForgotten = await images.sweep()
      return (await dependencies.sweep()) && areGone && areEmptied && areForgotten
    },
    async close() {
      await images.close()
      await dependencies.close()
      watch?.close()
    },
  }
}
