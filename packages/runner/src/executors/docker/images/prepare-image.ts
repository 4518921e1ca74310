import { stat } from 'node:fs/promises'
import type { Logger } from '../../../logger.js'
import { compileStdlib } from './compile-stdlib.js'
import type { FactCache, ImageRecord } from './fact-cache.js'
import type { ProbeFacts } from './parse-probe.js'
import type { ProbeContext } from './probe-container.js'
import { probeImage, type ImageToProbe } from './probe-image.js'

/** What a preparation needs. */
export interface Preparation {
  readonly cache: FactCache
  readonly logger: Logger
  /** The image's name, for whoever reads of it. */
  readonly name: string
  readonly image: ImageToProbe
  /** Whether containers see directories of this machine. */
  readonly sharesFiles: boolean
  readonly onProgress: (message: string) => void
  /** Connects to the engine: only where something has to be found out. */
  readonly getContext: () => Promise<ProbeContext>
}

/**
 * Finds out what has to be known of an image, unless that was done before, and compiles the standard library of its
 * Python where that is missing.
 *
 * @throws Error when the engine fails; see `isImageGone`.
 */
export async function prepareImage(preparation: Preparation): Promise<ImageRecord> {
  const { cache, name, image, logger, onProgress, getContext } = preparation
  const known = await cache.read(image.id)
  if (known !== undefined && (await isEnough(known, preparation))) return known
  onProgress(`preparing image ${name}`)
  const context = await getContext()
  const facts = await probeImage(context, image)
  const record = {
    id: image.id,
    names: [...image.names],
    hasShell: facts.hasShell,
    hasSleep: facts.hasSleep,
    programs: { ...facts.programs },
    tools: toTools(facts),
    path: facts.path ?? null,
    pycache: await compile(preparation, context, facts),
  }
  // Tried again by the next runner: it may have been the disk.
  if (record.pycache === 'impossible') return record
  await cache.write(record).catch((error: unknown) => {
    logger.warn(`what is known of the image ${name} cannot be kept: ${String(error)}`)
  })
  return record
}

async function isEnough(known: ImageRecord, { cache, image, sharesFiles }: Preparation): Promise<boolean> {
  if (!image.names.every((each) => known.names.includes(each))) return false
  if (known.pycache === 'untried') return !sharesFiles
  if (known.pycache !== 'made') return true
  return (await stat(cache.getPycacheDirectory(image.id)).catch(() => undefined)) !== undefined
}

const toTools = ({ programs, python }: ProbeFacts): ImageRecord['tools'] => ({
  pip: python?.hasPip === true,
  uv: programs['uv'] !== undefined,
  npm: programs['npm'] !== undefined,
})

async function compile(
  { cache, name, image, logger, sharesFiles, onProgress }: Preparation,
  context: ProbeContext,
  { programs, python }: ProbeFacts,
): Promise<ImageRecord['pycache']> {
  const program = programs['python3']
  if (program === undefined || python === undefined || python.isCompiled) return 'unneeded'
  if (!sharesFiles) return 'untried'
  onProgress(`preparing image ${name}: compiling its Python library`)
  const directory = cache.getPycacheDirectory(image.id)
  try {
    await compileStdlib(context, {
      imageId: image.id,
      python: program.path,
      stdlib: python.stdlib,
      directory,
    })
    return 'made'
  } catch (error) {
    context.signal.throwIfAborted()
    logger.warn(`the Python library of the image ${name} cannot be compiled: ${String(error)}`)
    return 'impossible'
  }
}
