import { LIMITS, RGridError, type ArtifactRecord } from '@rgrid/protocol'
import type { Context } from '../context.js'

/** The bytes of a blob. */
export interface OpenBlob {
  readonly size: number
  readonly body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>
}

/**
 * Stores a blob for a project, with its bytes safe before the project has it.
 *
 * @throws RGridError `digest_mismatch`, `too_large` or `storage_full`.
 */
export async function putBlob(
  { store, blobs }: Context,
  project: string,
  sha256: string,
  body: AsyncIterable<Uint8Array>,
): Promise<void> {
  const { size } = await blobs.put(sha256, body, { maxBytes: LIMITS.inputBytes })
  await store.blobs.add(project, sha256, size)
}

/**
 * Opens a blob of a project.
 *
 * @throws RGridError `not_found`.
 */
export async function openBlob(
  { store, blobs }: Context,
  project: string,
  sha256: string,
): Promise<OpenBlob> {
  const indexed = await store.blobs.find(project, sha256)
  if (indexed === undefined) throw new RGridError('not_found', `there is no blob ${sha256} in this project`)
  if (indexed.data !== null) return { size: indexed.size, body: new Uint8Array(indexed.data) }
  const body = await blobs.open(sha256)
  if (body === undefined) throw new Error(`blob ${sha256} is in the index but not in the blob store`)
  return { size: indexed.size, body }
}

/**
 * Opens a file of an execution.
 *
 * @throws RGridError `not_found`.
 */
export async function openArtifact(
  context: Context,
  project: string,
  id: string,
  kind: ArtifactRecord['kind'],
  path: string,
): Promise<OpenBlob> {
  const artifact = await context.store.executions.findArtifact(project, id, kind, path)
  if (artifact === undefined)
    throw new RGridError('not_found', `${id} has no ${kind} file "${path}": GET its /artifacts lists them`)
  return openBlob(context, project, artifact.sha256)
}
