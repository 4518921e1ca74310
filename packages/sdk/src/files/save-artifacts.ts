import type { Artifact } from '../types.js'
import { resolveBelow } from './save-file.js'

/**
 * Saves artifacts below a directory, each at its path in the workspace.
 *
 * @returns the paths written.
 * @throws RGridError when a path leads out of the directory; those before it are saved.
 */
export async function saveArtifacts(artifacts: readonly Artifact[], directory: string): Promise<string[]> {
  const saved: string[] = []
  for (const artifact of artifacts) {
    const target = await resolveBelow(directory, artifact.path)
    await artifact.save(target)
    saved.push(target)
  }
  return saved
}
