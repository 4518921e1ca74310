import { SILENT } from '../../../logger.js'
import { StartError } from '../../executor.js'
import { describeEngineError } from '../engine-error.js'
import { createImagePreparer, type PreparerOptions } from './image-preparer.js'
import { inspectImage } from './inspect-image.js'
import { listImages, type ListedImage } from './list-images.js'
import type { PreparedImage } from './prepared-image.js'
import { isImageGone } from './probe-container.js'
import { pullImage } from './pull-image.js'
import { createRegistryCredentials, type RegistryCredentials } from './registry-credentials.js'
import { createSharedTasks, type Waiter } from './shared-tasks.js'

/** How an image store is made. */
export interface ImageStoreOptions extends PreparerOptions {
  /** @default those of the environment and of Docker's configuration */
  readonly credentials?: RegistryCredentials
  /** How long a pull may take. @default 600_000 */
  readonly pullTimeoutMs?: number
  /** How long a name is trusted to lead to the same image. @default 10_000 */
  readonly trustMs?: number
}

/** The images of an engine. */
export interface ImageStore {
  /**
   * Makes sure that an image is there and prepared: pulls it when it is not. Costs nothing when that is known.
   *
   * @throws StartError when it cannot be had; the signal's reason when that aborts.
   */
  ensure(name: string, waiter: Waiter): Promise<PreparedImage>
  /** Whether an image is on the engine's machine. Pulls nothing. */
  has(name: string): Promise<boolean>
  /** The images that are on the engine's machine. Pulls nothing. */
  list(): Promise<readonly ListedImage[]>
  /** Whether an image is what its name leads to, as far as is known. */
  isCurrent(image: PreparedImage): boolean
  /** Asks the engine again for what a name leads to, as when it said that an image is gone. */
  forget(name: string): void
  /** Asks the engine again for what any name leads to. */
  forgetAll(): void
  /** Pulls and prepares images one after the other, while nobody waits for another; what fails is only logged. */
  prePull(names: readonly string[]): Promise<void>
  /** Removes what an earlier runner of this instance left; see `Executor.sweep`. */
  sweep(): Promise<boolean>
  /** Ends what is under way, and resolves when nothing of it is left. */
  close(): Promise<void>
}

interface Resolution {
  readonly image: PreparedImage
  readonly until: number
}

const TRUST_MS = 10_000
const PULL_TIMEOUT_MS = 600_000
// One pull, and one more where the image was removed before it could be prepared.
const MAX_PULLS = 2

/** Makes the store of the images of an engine. */
export function createImageStore(options: ImageStoreOptions): ImageStore {
  const { address, logger = SILENT } = options
  const { trustMs = TRUST_MS, pullTimeoutMs: timeoutMs = PULL_TIMEOUT_MS } = options
  const { credentials = createRegistryCredentials(process.env, logger) } = options
  const preparer = createImagePreparer(options)
  const resolutions = new Map<string, Resolution>()
  const searches = createSharedTasks<PreparedImage>()
  const over = new AbortController()
  let timesForgotten = 0

  const getFresh = (name: string): PreparedImage | undefined => {
    const resolution = resolutions.get(name)
    return resolution !== undefined && performance.now() < resolution.until ? resolution.image : undefined
  }

  /** Gives `undefined` when the image is not there, or not any more. */
  const find = async (name: string, waiter: Waiter): Promise<PreparedImage | undefined> => {
    const before = timesForgotten
    const inspected = await inspectImage(address, name)
    if (inspected === undefined) return undefined
    try {
      const image = await preparer.prepare(name, inspected, waiter)
      // What was asked before names may have changed is not known any more.
      if (before === timesForgotten) resolutions.set(name, { image, until: performance.now() + trustMs })
      return image
    } catch (error) {
      if (isImageGone(error)) return undefined
      throw error
    }
  }

  const search = async (name: string, waiter: Waiter): Promise<PreparedImage> => {
    for (let pulls = 0; pulls <= MAX_PULLS; pulls++) {
      if (pulls > 0) await pullImage(name, { address, credentials, timeoutMs }, waiter)
      const image = await find(name, waiter)
      if (image !== undefined) return image
    }
    throw new StartError('image_pull', `the image ${name} is removed as soon as it is pulled`)
  }

  const ensure = async (name: string, waiter: Waiter): Promise<PreparedImage> => {
    const known = getFresh(name)
    if (known !== undefined) return known
    return searches.join(name, waiter, async (all) => {
      try {
        return await search(name, all)
      } catch (error) {
        all.signal.throwIfAborted()
        throw toStartError(name, error)
      }
    })
  }

  return {
    ensure,
    async has(name) {
      return getFresh(name) !== undefined || (await inspectImage(address, name)) !== undefined
    },
    list: () => listImages(address),
    isCurrent({ name, id }) {
      const resolution = resolutions.get(name)
      return resolution === undefined || resolution.image.id === id
    },
    forget: (name) => void resolutions.delete(name),
    forgetAll() {
      timesForgotten++
      resolutions.clear()
    },
    async prePull(names) {
      for (const name of new Set(names)) {
        await searches.whenIdle()
        if (over.signal.aborted) return
        await ensure(name, { onProgress: () => undefined, signal: over.signal }).catch((error: unknown) => {
          if (!over.signal.aborted) logger.warn(error instanceof Error ? error.message : String(error))
        })
      }
    },
    sweep: () => preparer.sweep(),
    async close() {
      const reason = new Error('the runner stops')
      over.abort(reason)
      await Promise.all([searches.close(reason), preparer.close(reason)])
    },
  }
}

function toStartError(name: string, error: unknown): StartError {
  if (error instanceof StartError) return error
  const message = `the image ${name} cannot be prepared: ${describeEngineError(error)}`
  return new StartError('internal', message, { cause: error })
}
