import type { Context } from '../context.js'

/** The blobs of an execution's output files. */
export interface KeptOutputs {
  /** Whether all of them are there, as far as the store knows. */
  readonly isWhole: boolean
  /** Those that are not in the store itself. */
  readonly sha256s: readonly string[]
}

/** Whether all output files of an execution are there, so that it can stand in for another. */
export async function isThere(
  { blobs }: Pick<Context, 'blobs'>,
  { isWhole, sha256s }: KeptOutputs,
): Promise<boolean> {
  if (!isWhole) return false
  for (const sha256 of sha256s) if (!(await blobs.has(sha256))) return false
  return true
}
