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
  const named = failed.slice(0, NAMED).map(({ path, reason }) => `${JSON.stringify(path)}: ${reason}`)
  const more = failed.length > NAMED ? ` (and ${failed.length - NAMED} more)` : ''
  return `${failed.length} of ${savedCount + failed.length} files were not saved: ${named.join('; ')}${more}`
}
