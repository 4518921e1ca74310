import type Docker from 'dockerode'
import { SILENT, type Logger } from '../../../logger.js'
import { StartError } from '../../executor.js'
import type { ContainerUser } from '../container-user.js'
import { describeEngineError, isEngineStatus } from '../engine-error.js'
import { openFactCache, type ImageRecord } from './fact-cache.js'
import { inspectImage, type InspectedImage } from './inspect-image.js'
import { prepareImage } from './prepare-image.js'
import { DEFAULT_PATH, type PreparedImage } from './prepared-image.js'
import { createSharedTasks, type Waiter } from './shared-tasks.js'

/** How an image store is made. */
export interface ImageStoreOptions {
  /** Connects to the engine; called only when there is something to find out. */
  readonly docker: () => Promise<Docker>
  readonly socketPath: string
  /** Where what was found out is kept, for this runner and others. */
  readonly cacheDirectory: string
  /** The user that scripts run as. */
  readonly user: ContainerUser
  /** Marks the containers that look at images, so that those of a killed runner are swept away. */
  readonly labels: Readonly<Record<string, string>>
  /** Programs to look for beside `SOUGHT_PROGRAMS`, such as those of the table of runtimes. */
  readonly programs?: readonly string[]
  /** How long a name is trusted to lead to the same image. @default 10_000 */
  readonly trustMs?: number
  readonly logger?: Logger
}

/** The images of an engine. */
export interface ImageStore {
  /**
   * Makes sure that an image is there and prepared. Costs nothing when that is known.
   *
   * @throws StartError when it cannot be had; the signal's reason when that aborts.
   */
  ensure(name: string, waiter: Waiter): Promise<PreparedImage>
  /** Whether an image is on the engine's machine. Pulls nothing. */
  has(name: string): Promise<boolean>
  /** Whether an image is what its name leads to, as far as is known. */
  isCurrent(image: PreparedImage): boolean
  /** Asks the engine again for what a name leads to, as when it said that an image is gone. */
  forget(name: string): void
  /** Ends what is under way. */
  close(): void
}

interface Resolution {
  readonly image: PreparedImage
  readonly until: number
}

const TRUST_MS = 10_000

/** Makes the store of the images of an engine. */
export function createImageStore(options: ImageStoreOptions): ImageStore {
  const { socketPath, docker, user, labels, logger = SILENT, trustMs = TRUST_MS } = options
  const cache = openFactCache(options.cacheDirectory)
  // Others cannot be on a PATH.
  const names = (options.programs ?? []).filter((name) => /^[\w.+-]+$/.test(name))
  const resolutions = new Map<string, Resolution>()
  const records = new Map<string, ImageRecord>()
  const searches = createSharedTasks<PreparedImage>()
  const preparations = createSharedTasks<ImageRecord>()

  const getFresh = (name: string): PreparedImage | undefined => {
    const resolution = resolutions.get(name)
    return resolution !== undefined && performance.now() < resolution.until ? resolution.image : undefined
  }

  const prepare = (name: string, inspected: InspectedImage, waiter: Waiter): Promise<ImageRecord> =>
    preparations.join(inspected.id, waiter, async ({ onProgress, signal }) => {
      const image = { id: inspected.id, path: inspected.env['PATH'], names }
      const getContext = async () => ({ docker: await docker(), socketPath, user, labels, signal })
      const record = await prepareImage({ cache, logger, name, image, onProgress, getContext })
      records.set(record.id, record)
      return record
    })

  const search = async (name: string, waiter: Waiter): Promise<PreparedImage> => {
    const inspected = await inspectImage(socketPath, name)
    if (inspected === undefined)
      throw new StartError(
        'image_pull',
        `the image ${name} is not on this machine: run "docker pull ${name}"`,
      )
    const record = records.get(inspected.id) ?? (await prepare(name, inspected, waiter))
    const pycacheDirectory = record.pycache === 'made' ? cache.getPycacheDirectory(record.id) : null
    const image = toPreparedImage(name, inspected, record, pycacheDirectory)
    resolutions.set(name, { image, until: performance.now() + trustMs })
    return image
  }

  return {
    async ensure(name, waiter) {
      const known = getFresh(name)
      if (known !== undefined) return known
      return searches.join(name, waiter, async (all) => {
        try {
          return await search(name, all)
        } catch (error) {
          throw toPrepareError(name, error)
        }
      })
    },
    async has(name) {
      return getFresh(name) !== undefined || (await inspectImage(socketPath, name)) !== undefined
    },
    isCurrent({ name, id }) {
      const resolution = resolutions.get(name)
      return resolution === undefined || resolution.image.id === id
    },
    forget: (name) => void resolutions.delete(name),
    close() {
      const reason = new Error('the runner stops')
      searches.abort(reason)
      preparations.abort(reason)
    },
  }
}

function toPreparedImage(
  name: string,
  { id, env }: InspectedImage,
  { hasShell, hasSleep, programs, tools, path }: ImageRecord,
  pycacheDirectory: string | null,
): PreparedImage {
  const searchPath = path ?? env['PATH'] ?? DEFAULT_PATH
  const known = { id, hasShell, hasSleep, programs, tools, pycacheDirectory }
  return { name, ...known, env: { ...env, PATH: searchPath } }
}

function toPrepareError(name: string, error: unknown): Error {
  if (error instanceof StartError) return error
  const status = isEngineStatus(error, 404) ? 'image_pull' : 'internal'
  const message = `the image ${name} cannot be prepared: ${describeEngineError(error)}`
  return new StartError(status, message, { cause: error })
}
