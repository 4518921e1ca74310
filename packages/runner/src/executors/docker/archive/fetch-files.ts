import type { Container } from 'dockerode'
import { mkdir, rename } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { Skip } from '../../executor.js'
import type { ContainerDirectory } from '../control-directory.js'
import { describeEngineError } from '../engine-error.js'
import { receiveFiles } from './receive-files.js'

/** What is fetched, and where to. */
export interface FilesToFetch {
  readonly directory: ContainerDirectory
  /** Where what was sent is kept meanwhile. */
  readonly sentDir: string
  /** More than this is not fetched. */
  readonly enoughBytes: number
  readonly skip: Skip
  readonly isWanted: (path: string) => boolean
}

// An engine that sends nothing for so long is not there any more.
const SILENCE_MS = 60_000

/**
 * Fetches what a script left at `/work`, once its container has ended: what is read while it changes is torn. Never
 * rejects; what cannot be fetched is told to `skip`.
 */
export async function fetchFiles(
  container: Container | undefined,
  { directory: { workDir }, sentDir, enoughBytes, skip, isWanted }: FilesToFetch,
): Promise<void> {
  try {
    await rename(workDir, sentDir)
    await mkdir(workDir, { mode: 0o700 })
    const archive: unknown = await container?.getArchive({ path: '/work' })
    if (!(archive instanceof Readable)) throw new Error('there is no container')
    const timer = setTimeout(() => archive.destroy(new Error('the engine sends nothing')), SILENCE_MS)
    archive.on('data', () => void timer.refresh())
    archive.pause()
    await receiveFiles(archive, { workDir, sentDir, enoughBytes, skip, isWanted }).finally(() =>
      clearTimeout(timer),
    )
  } catch (error) {
    skip(
      '.',
      `files may be missing: the Docker engine did not send all of them: ${describeEngineError(error)}`,
    )
  }
}
