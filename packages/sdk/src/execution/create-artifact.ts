import type { ArtifactRecord } from '@rgrid/protocol'
import type { Api } from '@rgrid/protocol/client'
import { openArtifact, readArtifact } from '../download/fetch-artifact.js'
import { saveFile } from '../files/save-file.js'
import type { Artifact } from '../types.js'

/** Gives an artifact's record the ways to its bytes. */
export function createArtifact(api: Api, executionId: string, record: ArtifactRecord): Artifact {
  const read = (): AsyncGenerator<Uint8Array, void> => readArtifact(api, executionId, record)
  const bytes = async (): Promise<Uint8Array> => {
    const chunks: Uint8Array[] = []
    for await (const chunk of read()) chunks.push(chunk)
    return Buffer.concat(chunks)
  }
  const text = async (): Promise<string> => new TextDecoder().decode(await bytes())
  return {
    ...record,
    bytes,
    text,
    json: async () => JSON.parse(await text()) as unknown,
    stream: () => openArtifact(api, executionId, record),
    save: (target) => saveFile(target, read(), record.executable),
  }
}
