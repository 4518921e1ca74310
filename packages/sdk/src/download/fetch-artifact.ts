import { RGridError, type ArtifactRecord } from '@rgrid/protocol'
import { RETRY_BRIEFLY, type Api } from '@rgrid/protocol/client'
import { createHash } from 'node:crypto'

/** A path for the end of a URL. */
export const encodePath = (path: string): string => path.split('/').map(encodeURIComponent).join('/')

/** Opens the bytes of a file of an execution as the server sends them. */
export async function openArtifact(
  api: Api,
  executionId: string,
  { path, kind }: ArtifactRecord,
  signal?: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const name = encodePath(path)
  const call = {
    method: 'GET',
    path: `/v1/executions/${executionId}/artifacts/${name}?kind=${kind}`,
    accept: '*/*',
  } as const
  const response = await api.send(call, { retry: RETRY_BRIEFLY, signal })
  return response.body ?? new Blob([]).stream()
}

/** Reads the bytes of a file of an execution, and fails at the end unless they are exactly those. */
export async function* readArtifact(
  api: Api,
  executionId: string,
  record: ArtifactRecord,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const stream = await openArtifact(api, executionId, record, signal)
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of untilBroken(stream, api.url, signal)) {
    size += chunk.byteLength
    if (size > record.size) throw otherBytes(record.path)
    hash.update(chunk)
    yield chunk
  }
  if (size !== record.size || hash.digest('hex') !== record.sha256) throw otherBytes(record.path)
}

/**
 * Reads a body whose connection may break.
 *
 * @throws RGridError `unreachable` when it does.
 */
export async function* untilBroken(
  stream: ReadableStream<Uint8Array>,
  url: string,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const reader = stream.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        if (signal?.aborted === true) throw signal.reason
        throw new RGridError('unreachable', `the connection to ${url} broke in the middle of a file`, {
          cause,
        })
      })
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

/**
 * Checks the bytes of a file.
 *
 * @throws RGridError `protocol` unless they are exactly those of its record.
 */
export function assertBytes({ path, sha256 }: ArtifactRecord, bytes: Uint8Array): void {
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) throw otherBytes(path)
}

/** The bytes of a file are not those of its record. */
export const otherBytes = (path: string): RGridError =>
  new RGridError('protocol', `the artifact ${JSON.stringify(path)} arrived with another size or digest`)
