import { RGridError, type ArtifactRecord, type ErrorCode } from '@rgrid/protocol'
import { join } from 'node:path'
import { DownloadError, type NotSaved } from './download-error.js'

/** Keeps account of a download: what is saved, what is not, and what ends it. */
export interface Ledger {
  /** Aborts when nothing more can be saved. */
  readonly signal: AbortSignal
  isSaved(path: string): boolean
  fail(path: string, reason: string): void
  /** Saves one file, and notes what became of it. @throws what would go wrong with every other file as well */
  note(path: string, save: () => Promise<void>): Promise<void>
  /** Waits for work; the first failure ends all of it. */
  watch(...work: readonly Promise<void>[]): Promise<void>
  /** @returns the paths written. @throws DownloadError when not all are, or what ended the download. */
  close(): string[]
}

// With these no other file can be saved either.
const FULL = ['ENOSPC', 'EDQUOT']
const NO_DISK = [...FULL, 'EROFS', 'EIO']
// These are about one file.
const SINGLE: readonly ErrorCode[] = ['not_saved', 'not_found', 'protocol', 'internal']

/** Opens a {@link Ledger} for the files that are wanted. */
export function createLedger(
  directory: string,
  wanted: readonly ArtifactRecord[],
  faults: readonly NotSaved[],
): Ledger {
  const control = new AbortController()
  const { signal } = control
  const saved = new Set<string>()
  const failed = new Map<string, string>()

  const listFailed = (otherwise: string): NotSaved[] => [
    ...faults,
    ...wanted
      .filter(({ path }) => !saved.has(path))
      .map(({ path }) => ({ path, reason: failed.get(path) ?? otherwise })),
  ]
  return {
    signal,
    isSaved: (path) => saved.has(path),
    fail: (path, reason) => void failed.set(path, reason),
    async note(path, save) {
      try {
        await save()
        saved.add(path)
      } catch (error) {
        if (isFatal(error)) throw error
        failed.set(path, messageOf(error))
      }
    },
    async watch(...work) {
      const stop = (error: unknown): void => {
        if (!signal.aborted) control.abort(error)
      }
      await Promise.all(work.map((each) => each.catch(stop)))
    },
    close() {
      const paths = wanted.filter(({ path }) => saved.has(path)).map(({ path }) => join(directory, path))
      const cause: unknown = signal.reason
      if (signal.aborted && !hasCode(cause, NO_DISK)) throw cause
      const otherwise = hasCode(cause, FULL)
        ? `no space is left in ${directory} (${messageOf(cause)}): free some, then download again`
        : messageOf(cause)
      const notSaved = listFailed(otherwise)
      if (notSaved.length > 0) throw new DownloadError(paths, notSaved, cause)
      return paths
    },
  }
}

const isFatal = (error: unknown): boolean =>
  error instanceof RGridError ? !SINGLE.includes(error.code) : hasCode(error, NO_DISK)

const hasCode = (error: unknown, codes: readonly string[]): boolean =>
  error instanceof Error && 'code' in error && codes.includes(String(error.code))

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
