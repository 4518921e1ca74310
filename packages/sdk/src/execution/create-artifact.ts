import { RGridError, type ArtifactRecord } from '@rgrid/protocol'
import { RETRY_BRIEFLY, type Api } from '@rgrid/protocol/client'
import { createHash } from 'node:crypto'
import { saveFile } from '../files/save-file.js'
import type { Artifact } from '../types.js'

/** Gives an artifact's record the ways to its bytes. */
export function createArtifact(api: Api, executionId: string, record: ArtifactRecord): Artifact {
  const name = record.path.split('/').map(encodeURIComponent).join('/')
  const path = `/v1/executions/${executionId}/artifacts/${name}?kind=${record.kind}`

  const stream = async (): Promise<ReadableStream<Uint8Array>> => {
    const response = await api.send({ method: 'GET', path, accept: '*/*' }, { retry: RETRY_BRIEFLY })
    return response.body ?? new Blob([]).stream()
  }
  const bytes = async (): Promise<Uint8Array> => {
    const chunks: Uint8Array[] = []
    for await (const chunk of verify(await stream(), record)) chunks.push(chunk)
    return Buffer.concat(chunks)
  }
  return {
    ...record,
    stream,
    bytes,
    text: async () => new TextDecoder().decode(await bytes()),
    save: async (target) => saveFile(target, verify(await stream(), record), record.executable),
  }
}

/** Passes bytes through, and fails at the end unless they are exactly those of the artifact. */
async function* verify(
  stream: ReadableStream<Uint8Array>,
  { path, sha256 }: ArtifactRecord,
): AsyncGenerator<Uint8Array, void> {
  const hash = createHash('sha256')
  for await (const chunk of stream as ReadableStream<Uint8Array> & AsyncIterable<Uint8Array>) {
    hash.update(chunk)
    yield chunk
  }
  if (hash.digest('hex') !== sha256)
    throw new RGridError('protocol', `the artifact ${JSON.stringify(path)} arrived with another digest`)
}
