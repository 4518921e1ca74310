import { stat } from 'node:fs/promises'
import type { Reason } from './files/collect-files.js'
import type { CollectedSpec } from './prepare-spec.js'

/** A file that a run looks at, and why. */
export interface PlannedFile {
  /** In the workspace, relative to its root. */
  readonly path: string
  /** Where it is on this machine, absolute. */
  readonly source: string
  readonly reason: Reason
}

/** What a run would send. */
export interface RunPlan {
  /** The script's path in the workspace. */
  readonly script: string
  /** The arguments as the script would see them. */
  readonly args: readonly string[]
  readonly runtime: string
  /** What travels: the script first. */
  readonly files: readonly (PlannedFile & { readonly sizeBytes: number })[]
  /** The folders of directories that travel. */
  readonly folders: readonly string[]
  /** What the script imports from above the current directory: it stays, and `path` is where it would have to be. */
  readonly left: readonly PlannedFile[]
}

// Nothing is sent, so no digest is looked at.
const NO_DIGEST = '0'.repeat(64)

/**
 * Says what a request would send, without reading more than has been read.
 *
 * @throws RGridError `invalid_request` as the request would
 */
export async function createPlan({ sources, left, finish, release }: CollectedSpec): Promise<RunPlan> {
  const files = await Promise.all(
    sources.map(async ({ data, ...file }) => ({
      ...file,
      sizeBytes: data?.byteLength ?? (await stat(file.source)).size,
    })),
  ).finally(release)
  const wireFiles = files.map(({ path, sizeBytes }) => ({
    path,
    size: sizeBytes,
    sha256: NO_DIGEST,
    executable: false,
  }))
  const { script, args, runtime, folders } = finish(wireFiles)
  return { script, args, runtime, files, folders, left }
}
