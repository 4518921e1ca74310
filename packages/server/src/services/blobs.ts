import { LIMITS, RGridError, type ArtifactRecord } from '@rgrid/protocol'
import type { Context } from '../context.js'
import { describeExpiry } from './describe-expiry.js'

/** The bytes of a blob. */
export interface OpenBlob {
  readonly size: number
  readonly body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>
}

/**
 * Stores a blob for a project, with its bytes safe before the project has it.
 *
 * @throws RGridError `digest_mismatch`, `too_large`, `storage_full` or `unavailable`.
 */
export async function putBlob(
  { store, blobs }: Context,
  project: string,
  sha256: string,
  body: AsyncIterable<Uint8Array>,
): Promise<void> {
  const { size } = await blobs.put(sha256, body, { maxBytes: LIMITS.inputBytes })
  if (await store.blobs.add(project, sha256, size, () => blobs.has(sha256))) return
  throw new RGridError('unavailable', `blob ${sha256} was removed from the disk as it arrived: send it again`)
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
  if (indexed === undefined) throw blobNotFound(sha256)
  if (indexed.data !== null) return { size: indexed.size, body: new Uint8Array(indexed.data) }
  const body = await blobs.open(sha256)
  if (body !== undefined) return { size: indexed.size, body }
  // It may have been collected in between.
  if ((await store.blobs.find(project, sha256)) === undefined) throw blobNotFound(sha256)
  throw new Error(`blob ${sha256} is in the index but not in the blob store`)
}

const blobNotFound = (sha256: string): RGridError =>
  new RGridError('not_found', `there is no blob ${sha256} in this project`)

/**
 * Opens a file of an execution.
 *
 * @throws RGridError `not_found`, or `expired` when its bytes are not kept any more.
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
  const fault = describeExpiry(context.retention, id, artifact)
  if (fault !== undefined) throw fault
  return openBlob(context, project, artifact.sha256)
}
