import { RGridError } from '@rgrid/protocol'

/** A file that was not saved, and why. */
export interface NotSaved {
  readonly path: string
  readonly reason: string
}

const NAMED = 3

/** Some files of a download were not saved. Those that were are whole, and stay where they are. */
export class DownloadError extends RGridError {
  /** Where the others are. */
  readonly saved: readonly string[]
  readonly failed: readonly NotSaved[]

  constructor(saved: readonly string[], failed: readonly NotSaved[], cause?: unknown) {
    super('not_saved', describe(saved.length, failed), { cause })
    this.saved = saved
    this.failed = failed
  }
}

function describe(savedCount: number, failed: readonly NotSaved[]): string {
  const byReason = new Map<string, string[]>()
  for (const { path, reason } of failed) {
    const paths = byReason.get(reason) ?? []
    paths.push(path)
    byReason.set(reason, paths)
  }
  const parts = [...byReason].slice(0, NAMED).map(([reason, paths]) => `${listPaths(paths)}: ${reason}`)
  const more = byReason.size > NAMED ? '; others for other reasons' : ''
  return `${failed.length} of ${savedCount + failed.length} files were not saved: ${parts.join('; ')}${more}`
}

function listPaths(paths: readonly string[]): string {
  const named = paths.slice(0, NAMED).map((path) => JSON.stringify(path))
  return named.join(' ') + (paths.length > NAMED ? ` and ${paths.length - NAMED} more` : '')
}
