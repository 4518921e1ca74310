import type Docker from 'dockerode'
import { SILENT, type Logger } from '../../../logger.js'
import type { ContainerUser } from '../container-user.js'
import type { EngineAddress } from '../engine-address.js'
import { openFactCache, type ImageRecord } from './fact-cache.js'
import type { EngineQuestion } from './engine-answers.js'
import { sharesFifos } from './fifo-sharing.js'
import { sharesFiles } from './file-sharing.js'
import type { InspectedImage } from './inspect-image.js'
import { prepareImage } from './prepare-image.js'
import { DEFAULT_PATH, type PreparedImage } from './prepared-image.js'
import { removeAbandonedProbes, type ProbeContext } from './probe-container.js'
import { createSharedTasks, type Waiter } from './shared-tasks.js'
import { sweepPreparations } from './sweep-preparations.js'
import { createTraces } from './traces.js'

/** How images are prepared. */
export interface PreparerOptions {
  /** Marks what the runner leaves when it is killed while it prepares an image. */
  readonly instance: string
  /** Connects to the engine; called only when there is something to find out. */
  readonly connect: () => Promise<Docker>
  readonly address: EngineAddress
  /** Where what was found out is kept, for this runner and others. */
  readonly cacheDirectory: string
  /** The user that scripts run as. */
  readonly user: ContainerUser
  /** Programs to look for beside `SOUGHT_PROGRAMS`, such as those of the table of runtimes. */
  readonly programs?: readonly string[]
  readonly logger?: Logger
}

/** Finds out once what has to be known of each image. */
export interface ImagePreparer {
  /**
   * Prepares an image that is on the engine's machine.
   *
   * @throws Error when the engine fails; see `isImageGone`.
   */
  prepare(name: string, inspected: InspectedImage, waiter: Waiter): Promise<PreparedImage>
  /** Removes what an earlier runner of this instance left; see `Executor.sweep`. */
  sweep(): Promise<boolean>
  /** Ends what is under way, and resolves when nothing of it is left. */
  close(reason: Error): Promise<void>
}

/** Makes a preparer of the images of an engine. */
export function createImagePreparer(options: PreparerOptions): ImagePreparer {
  const { address, connect, user, cacheDirectory, logger = SILENT } = options
  const traces = createTraces(options.instance)
  const cache = openFactCache(cacheDirectory, traces)
  // Others cannot be on a PATH.
  const names = (options.programs ?? []).filter((name) => /^[\w.+-]+$/.test(name))
  const records = new Map<string, ImageRecord>()
  const tasks = createSharedTasks<ImageRecord>()
  const over = new AbortController()
  let swept: Promise<void> | undefined

  const getContext = async (signal: AbortSignal): Promise<ProbeContext> => {
    const docker = await connect()
    await (swept ??= removeAbandonedProbes(docker).catch((error: unknown) => logger.warn(String(error))))
    return { docker, address, user, traces, signal }
  }

  /** Asks a question about the engine, until there is an answer: that stands for all images. */
  const createAsker = (ask: (question: EngineQuestion) => Promise<boolean | undefined>) => {
    let asked: Promise<boolean | undefined> | undefined
    return {
      async ask(imageId: string): Promise<boolean> {
        // Not the signal of who asks first: the answer is for all.
        const context = (): Promise<ProbeContext> => getContext(over.signal)
        asked ??= ask({ cacheDirectory, address, logger, imageId, getContext: context })
        const answer = await asked
        if (answer === undefined) asked = undefined
        return answer === true
      },
      whenIdle: async (): Promise<void> => void (await asked),
    }
  }
  const files = createAsker(sharesFiles)
  const fifos = createAsker(sharesFifos)

  const getRecord = (
    name: string,
    { id, env }: InspectedImage,
    hasFiles: boolean,
    waiter: Waiter,
  ): Promise<ImageRecord> =>
    tasks.join(id, waiter, async ({ onProgress, signal }) => {
      const image = { id, path: env['PATH'], names }
      const context = (): Promise<ProbeContext> => getContext(signal)
      const facts = { cache, logger, name, image, sharesFiles: hasFiles }
      const record = await prepareImage({ ...facts, onProgress, getContext: context })
      records.set(id, record)
      return record
    })

  return {
    async prepare(name, inspected, waiter) {
      const hasFiles = await files.ask(inspected.id)
      const record = records.get(inspected.id) ?? (await getRecord(name, inspected, hasFiles, waiter))
      const { id, hasShell, hasSleep, programs, tools, pycache, path } = record
      return {
        name,
        id,
        hasShell,
        hasSleep,
        programs,
        tools,
        pycacheDirectory: hasFiles && pycache === 'made' ? cache.getPycacheDirectory(id) : null,
        sharesFiles: hasFiles,
        sharesFifos: hasFiles && hasShell && (await fifos.ask(id)),
        env: { ...inspected.env, PATH: path ?? inspected.env['PATH'] ?? DEFAULT_PATH },
      }
    },
    sweep: () => sweepPreparations({ connect, address, cacheDirectory, traces, logger }),
    async close(reason) {
      over.abort(reason)
      await Promise.all([tasks.close(reason), files.whenIdle(), fifos.whenIdle()])
    },
  }
}
