import { RGridError, type WireFile } from '@rgrid/protocol'
import { NO_RETRY, RETRY_BRIEFLY, type Api, type FetchResponse } from '@rgrid/protocol/client'
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import type { LocalFile } from './files/collect-files.js'
import type { PreparedSpec } from './prepare-spec.js'

const PARALLEL_UPLOADS = 4

/** An execution that the server has, with the stream of its events. */
export interface Submitted {
  readonly id: string
  readonly events: FetchResponse
}

/**
 * Submits an execution and returns the response that streams its events. Files that the server does not have are
 * uploaded first; then the same request is made again, which is safe as it carries its own id. One whose key was used for
 * the same before is that one.
 */
export async function submit(
  api: Api,
  id: string,
  { spec, sources }: PreparedSpec,
  signal?: AbortSignal,
): Promise<Submitted> {
  const accept = 'text/event-stream'
  const put = async (): Promise<Submitted> => {
    const events = await api.send(
      { method: 'PUT', path: `/v1/executions/${id}`, json: spec, accept },
      { signal, retry: RETRY_BRIEFLY },
    )
    return { id, events }
  }
  try {
    return await put().catch(async (error: unknown) => {
      if (!(error instanceof RGridError && error.code === 'missing_blobs')) throw error
      await uploadFiles(api, { files: spec.files, sources, missing: error.missing, signal })
      return put()
    })
  } catch (error) {
    if (!(error instanceof RGridError && error.code === 'key_taken' && error.executionId !== undefined))
      throw error
    const path = `/v1/executions/${error.executionId}/events`
    return { id: error.executionId, events: await api.send({ method: 'GET', path, accept }, { signal }) }
  }
}

/** What is uploaded. */
export interface Upload {
  readonly files: readonly WireFile[]
  readonly sources: readonly LocalFile[]
  /** The digests that the server misses. */
  readonly missing: readonly string[]
  readonly signal?: AbortSignal | undefined
}

/** Uploads the files that a server misses, a few at a time. */
export async function uploadFiles(api: Api, upload: Upload): Promise<void> {
  const left = [...upload.missing]
  const worker = async (): Promise<void> => {
    for (let digest = left.pop(); digest !== undefined; digest = left.pop())
      await uploadOne(api, upload, digest)
  }
  await Promise.all(Array.from({ length: PARALLEL_UPLOADS }, worker))
}

async function uploadOne(api: Api, { files, sources, signal }: Upload, digest: string): Promise<void> {
  const file = files.find(({ sha256 }) => sha256 === digest)
  const source = sources.find(({ path }) => path === file?.path)?.source
  if (file === undefined || source === undefined)
    throw new RGridError('protocol', `the server misses ${digest}, which is not among the files`)
  const body = (): ReadableStream<Uint8Array> =>
    Readable.toWeb(createReadStream(source)) as ReadableStream<Uint8Array>
  await api.send(
    { method: 'PUT', path: `/v1/blobs/${digest}`, body, bodyBytes: file.size },
    { signal, retry: NO_RETRY },
  )
}
