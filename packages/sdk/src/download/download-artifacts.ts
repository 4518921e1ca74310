import type { ArtifactRecord } from '@rgrid/protocol'
import { RETRY_BRIEFLY, withRetry, type Api } from '@rgrid/protocol/client'
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { basename, dirname } from 'node:path/posix'
import { saveInFolder, saveSmallInFolder } from '../files/save-file.js'
import { openTargetDirectory, type TargetDirectory } from '../files/target-directory.js'
import type { DownloadOptions } from '../types.js'
import { createLedger, type Ledger } from './download-ledger.js'
import { fetchArchive, fitsQuery } from './fetch-archive.js'
import { assertBytes, readArtifact } from './fetch-artifact.js'
import { planDownload, type Rival } from './plan-download.js'

/** Whose files are downloaded. */
export interface DownloadSource {
  readonly api: Api
  readonly executionId: string
  readonly artifacts: readonly ArtifactRecord[]
}

const PARALLEL = 4

/**
 * Saves files below a directory, each at its path in the workspace: many small ones in one request, others next to each
 * other. Each file appears as a whole; a link is replaced, never written through.
 *
 * @returns the paths written.
 * @throws DownloadError when some could not be saved; the others are.
 */
export async function downloadArtifacts(
  source: DownloadSource,
  directory: string,
  options: DownloadOptions,
): Promise<string[]> {
  const { together, single, rivals, failed } = planDownload(source.artifacts, options)
  const wanted = [...together, ...single, ...rivals.map(({ artifact }) => artifact)]
  if (wanted.length + failed.length === 0) return []
  const target = await openTargetDirectory(directory)
  try {
    const ledger = createLedger(target.path, wanted, failed)
    const saver = createSaver(source, target, ledger)
    const isArchive = fitsQuery(options.only)
    await ledger.watch(
      isArchive ? saver.saveTogether(together, options.only) : saver.saveEach(together),
      saver.saveEach(single),
    )
    await ledger.watch(saver.saveRivals(rivals))
    return ledger.close()
  } finally {
    await target.close()
  }
}

function createSaver({ api, executionId }: DownloadSource, target: TargetDirectory, ledger: Ledger) {
  const { signal } = ledger

  const inPlace = (path: string, work: (place: string, name: string) => Promise<void>): Promise<void> => {
    const folder = dirname(path)
    return target.withFolder(folder === '.' ? '' : folder, (place) => work(place, basename(path)))
  }
  const saveSmall = (artifact: ArtifactRecord, bytes: Uint8Array): Promise<void> =>
    ledger.note(artifact.path, async () => {
      assertBytes(artifact, bytes)
      await inPlace(artifact.path, (place, name) =>
        saveSmallInFolder(place, name, bytes, artifact.executable),
      )
    })
  const saveOne = (artifact: ArtifactRecord): Promise<void> =>
    ledger.note(artifact.path, () =>
      withRetry(RETRY_BRIEFLY, signal, () =>
        inPlace(artifact.path, (place, name) =>
          saveInFolder(place, name, readArtifact(api, executionId, artifact, signal), artifact.executable),
        ),
      ),
    )
  /** Saves a file unless its name means, on this file system, another one that has just been saved. */
  const saveRival = async ({ artifact, other }: Rival): Promise<void> => {
    const { path } = artifact
    if (!(ledger.isSaved(other) && (await isSameFile(join(target.path, path), join(target.path, other)))))
      return saveOne(artifact)
    ledger.fail(path, `has a name that this file system does not tell from ${JSON.stringify(other)}`)
  }

  return {
    async saveTogether(artifacts: readonly ArtifactRecord[], only: DownloadOptions['only']): Promise<void> {
      if (artifacts.length > 0) await fetchArchive({ api, executionId, artifacts, only, signal }, saveSmall)
    },
    async saveEach(artifacts: readonly ArtifactRecord[]): Promise<void> {
      const left = artifacts.toReversed()
      const work = async (): Promise<void> => {
        for (let next = left.pop(); next !== undefined && !signal.aborted; next = left.pop())
          await saveOne(next)
      }
      await Promise.all(Array.from({ length: PARALLEL }, work))
    },
    async saveRivals(rivals: readonly Rival[]): Promise<void> {
      for (const rival of rivals) if (!signal.aborted) await saveRival(rival)
    },
  }
}

/** Whether two paths lead to one file. */
export async function isSameFile(path: string, other: string): Promise<boolean> {
  const [one, two] = await Promise.all([path, other].map((each) => lstat(each).catch(() => undefined)))
  return one !== undefined && one.ino === two?.ino && one.dev === two.dev
}
