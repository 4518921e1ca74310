import { digestsSchema, RGridError, type WireFile } from '@rgrid/protocol'
import { RETRY_LONG, type Api } from '@rgrid/protocol/client'
import { Readable } from 'node:stream'
import { openOutput } from './read-output.js'

const PARALLEL_UPLOADS = 4

/**
 * Uploads those files that the server does not have.
 *
 * @returns the digests of files that cannot come home, as they have changed since they were read.
 * @throws RGridError when the server cannot store a file.
 */
export async function uploadOutputs(
  api: Api,
  workDir: string,
  files: readonly WireFile[],
): Promise<ReadonlySet<string>> {
  const changed = new Set<string>()
  if (files.length === 0) return changed
  const byDigest = new Map(files.map((file) => [file.sha256, file]))
  const request = {
    method: 'POST',
    path: '/v1/blobs/missing',
    json: { digests: [...byDigest.keys()] },
  } as const
  const { digests: left } = await api.call(digestsSchema, request, { retry: RETRY_LONG })
  const work = async (): Promise<void> => {
    for (let digest = left.pop(); digest !== undefined; digest = left.pop()) {
      const file = byDigest.get(digest)
      if (file !== undefined && !(await uploadOne(api, workDir, file))) changed.add(digest)
    }
  }
  await Promise.all(Array.from({ length: PARALLEL_UPLOADS }, work))
  return changed
}

/** Uploads a file; `false` when its bytes are not those that were read before. */
async function uploadOne(api: Api, workDir: string, { path, sha256, size }: WireFile): Promise<boolean> {
  const file = await openOutput(workDir, path).catch(() => undefined)
  if (file === undefined) return false
  await using open = file
  const body = (): ReadableStream<Uint8Array> =>
    Readable.toWeb(
      open.createReadStream({ start: 0, end: Math.max(size - 1, 0), autoClose: false }),
    ) as ReadableStream<Uint8Array>
  try {
    await api.send(
      { method: 'PUT', path: `/v1/blobs/${sha256}`, body, bodyBytes: size },
      { retry: RETRY_LONG },
    )
    return true
  } catch (error) {
    if (error instanceof RGridError && error.code === 'digest_mismatch') return false
    throw error
  }
}
