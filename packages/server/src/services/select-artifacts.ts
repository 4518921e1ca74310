import { createPathFilter, RGridError, type ArtifactQuery, type ArtifactRecord } from '@rgrid/protocol'

/** Which files are wanted. */
export type WantedArtifacts = Omit<ArtifactQuery, 'format'>

/**
 * The files that a query asks for, in their order.
 *
 * @throws RGridError `invalid_request` when the file to begin behind is not among them.
 */
export function selectArtifacts(
  artifacts: readonly ArtifactRecord[],
  { kind, only, maxFileBytes = Infinity, after }: WantedArtifacts,
): readonly ArtifactRecord[] {
  const filter = only === undefined ? undefined : createPathFilter(only)
  const selected = artifacts.filter(
    (artifact) =>
      (kind === undefined || artifact.kind === kind) &&
      artifact.size <= maxFileBytes &&
      filter?.takes(artifact.path) !== false,
  )
  if (after === undefined) return selected
  const index = selected.findLastIndex(({ path }) => path === after)
  if (index === -1)
    throw new RGridError(
      'invalid_request',
      `after: ${JSON.stringify(after)} is none of the files asked for: leave it out to begin with the first`,
    )
  return selected.slice(index + 1)
}
