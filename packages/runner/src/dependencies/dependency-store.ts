import { createHash } from 'node:crypto'
import { mkdir, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { InstallRequest, Layer } from '../executors/executor.js'
import { SILENT, type Logger } from '../logger.js'
import { createInUse } from './in-use.js'
import type { Installer } from './installer.js'
import { createLayerDirectory, toStatePath, type StoredLayer } from './layer-directory.js'
import { createProgressReporter } from './progress-reporter.js'
import { createPruner } from './pruner.js'
import { readSpecification } from './read-specification.js'
import { createSharedWork, type Waiter } from './share-work.js'
import { getLayerKey, type Specification } from './specification.js'
import { createTurns } from './turns.js'

/** How a dependency store is made. */
export interface DependencyStoreOptions {
  /** Where layers and the installers' caches are kept; several runners may share it. */
  readonly directory: string
  readonly installer: Installer
  /**
   * How much of the disk layers and caches may take together; what is in use stays, whatever it takes.
   *
   * @default 5 GiB
   */
  readonly maxBytes?: number
  /** @default 14 days */
  readonly maxIdleMs?: number
  /**
   * How many installations run at once.
   *
   * @default 2
   */
  readonly parallel?: number
  /** @default says nothing */
  readonly logger?: Logger
}

/** What a layer is made for, beside the request itself. */
export interface EnsureRequest extends InstallRequest {
  /** The project of the execution: layers and caches are never shared between projects. */
  readonly project: string
  /** The id of the image, or of the interpreter on this machine as `identifyInterpreter` tells it. */
  readonly base: string
}

/** Installs dependencies once, and keeps them for the next execution that needs the same. */
export interface DependencyStore {
  /**
   * Finds the layer of a request, or installs it.
   *
   * @throws InstallError when the dependencies cannot be installed, StartError when no installer could be started,
   * the signal's reason when it aborts.
   */
  ensure(request: EnsureRequest): Promise<Layer>
  /**
   * Keeps a layer from being removed until the returned function is called. A layer that was just found or installed
   * stays for ten minutes without it.
   */
  retain(layer: Layer): () => void
  /**
   * Ends and removes what an earlier runner of this instance left behind, and what is too old or too much. What cannot
   * be removed is logged, and stays for the next sweep.
   *
   * @returns whether nothing of this instance stays.
   */
  sweep(): Promise<boolean>
  /** Stops saying that layers are in use; nothing is installed any more. */
  close(): Promise<void>
}

const GIB = 1024 ** 3
const DAY_MS = 24 * 60 * 60 * 1000
const SPARE_MS = 10 * 60 * 1000

/** Makes a {@link DependencyStore}. */
export function createDependencyStore(options: DependencyStoreOptions): DependencyStore {
  const { directory, installer, maxBytes = 5 * GIB, maxIdleMs = 14 * DAY_MS, parallel = 2 } = options
  const { logger = SILENT } = options
  const layers = createLayerDirectory(join(directory, 'layers'))
  const cacheRoot = join(directory, 'caches')
  const inUse = createInUse(logger)
  const policy = { maxBytes, maxIdleMs, spareMs: SPARE_MS }
  const pruner = createPruner({ layers, cacheRoot, inUse, policy, logger })
  const work = createSharedWork<Layer>()
  const turns = createTurns(parallel)

  const install = async (
    { project, base, runtime }: EnsureRequest,
    key: string,
    specification: Specification,
    { onProgress, signal }: Waiter,
  ): Promise<Layer> => {
    // Another runner may have been faster while this one waited for its turn.
    const found = await layers.find(key)
    if (found !== undefined) return found
    const cacheDirectory = join(cacheRoot, hash(project, base))
    const stored = await layers.begin(key, specification.kind, installer.instance)
    const releases = [inUse.retain(toStatePath(stored.path)), inUse.retain(cacheDirectory)]
    const { onLine, stop } = createProgressReporter(specification, onProgress)
    try {
      await touchDirectory(cacheDirectory)
      const { name, path } = stored
      await installer.run({
        name,
        base,
        runtime,
        specification,
        directory: path,
        cacheDirectory,
        onLine,
        signal,
      })
      return await layers.publish(stored)
    } catch (error) {
      await pruner.remove(stored)
      throw error
    } finally {
      stop()
      for (const release of releases) release()
    }
  }

  return {
    async ensure(request) {
      const specification = await readSpecification(request)
      const key = getLayerKey(request.project, request.base, specification)
      const found = await layers.find(key)
      if (found !== undefined) return found
      return work.join(key, request, async (common) => {
        if (turns.isFull) common.onProgress('waiting for other installations')
        const layer = await turns.take(common.signal, () => install(request, key, specification, common))
        void pruner.prune()
        return layer
      })
    },
    retain: (layer) => inUse.retain(toStatePath(dirname(layer.directory))),
    async sweep() {
      const isOurs = ({ instance }: StoredLayer): boolean => instance === installer.instance
      const hasUnfinished = async (): Promise<boolean> => (await pruner.findUnfinished()).some(isOurs)
      const mayRun = installer.outlivesDirectory || (await hasUnfinished())
      const isEnded = !mayRun || (await installer.sweep())
      if (isEnded) await pruner.removeUnfinished(isOurs)
      await pruner.prune()
      return isEnded && !(await hasUnfinished())
    },
    async close() {
      inUse.close()
      await pruner.prune()
    },
  }
}

const hash = (...parts: string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)

async function touchDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o755 })
  const now = new Date()
  await utimes(directory, now, now)
}
