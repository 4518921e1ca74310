import type { Reason } from './files/collect-files.js'
import type { PreparedSpec } from './prepare-spec.js'

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

/** What there is to say of a request before it is sent. */
export function createPlan({ spec, sources, left }: PreparedSpec): RunPlan {
  const { script, args, runtime, folders } = spec
  const sizes = new Map(spec.files.map(({ path, size }) => [path, size]))
  const files = sources.map((file) => ({ ...file, sizeBytes: sizes.get(file.path) ?? 0 }))
  return { script, args, runtime, files, folders, left }
}
