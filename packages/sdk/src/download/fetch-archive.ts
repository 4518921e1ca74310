import { LIMITS, RGridError, type ArtifactRecord } from '@rgrid/protocol'
import { backoffMs, RETRY_BRIEFLY, type Api } from '@rgrid/protocol/client'
import { createTarDecoder, type ParsedTarEntry } from 'modern-tar'
import { setTimeout as sleep } from 'node:timers/promises'
import { otherBytes, untilBroken } from './fetch-artifact.js'

/** What an archive is asked for. */
export interface ArchiveRequest {
  readonly api: Api
  readonly executionId: string
  readonly artifacts: readonly ArtifactRecord[]
  /** The patterns that chose them. */
  readonly only: readonly string[] | undefined
  readonly signal: AbortSignal
}

type Save = (artifact: ArtifactRecord, bytes: Uint8Array) => Promise<void>

// Servers and proxies take no longer ones.
const QUERY_CHARS = 4_096

/** Whether patterns are few enough to be sent along. */
export const fitsQuery = (only: readonly string[] | undefined): boolean =>
  toQuery(only, undefined).length <= QUERY_CHARS

/**
 * Fetches small files in one request, and hands over each with its bytes, which are not checked yet. When the connection
 * breaks another request goes on behind the last file that has come.
 *
 * @throws RGridError when one is missing, and what `save` throws.
 */
export async function fetchArchive(request: ArchiveRequest, save: Save): Promise<void> {
  const { api, executionId, artifacts, only, signal } = request
  const left = new Map(artifacts.map((artifact) => [artifact.path, artifact]))
  let after: string | undefined
  for (let failures = 0; ;) {
    const path = `/v1/executions/${executionId}/artifacts?${toQuery(only, after)}`
    const response = await api.send({ method: 'GET', path, accept: '*/*' }, { signal, retry: RETRY_BRIEFLY })
    try {
      for await (const entry of readEntries(response.body ?? new Blob([]).stream(), api.url, signal)) {
        const { name } = entry.header
        await takeEntry(entry, left.get(name), save)
        left.delete(name)
        after = name
        failures = 0
      }
      break
    } catch (error) {
      if (!(error instanceof RGridError && error.code === 'unreachable')) throw error
      if (++failures > RETRY_BRIEFLY.times) throw error
      await sleep(backoffMs(RETRY_BRIEFLY, failures), undefined, { signal })
    }
  }
  const [missing] = left.keys()
  if (missing !== undefined)
    throw new RGridError('protocol', `the server did not send the artifact ${JSON.stringify(missing)}`)
}

function toQuery(only: readonly string[] | undefined, after: string | undefined): string {
  const query = new URLSearchParams({ format: 'tar', maxFileBytes: String(LIMITS.inlineFileBytes) })
  for (const pattern of only ?? []) query.append('only', pattern)
  if (after !== undefined) query.set('after', after)
  return query.toString()
}

async function* readEntries(
  body: ReadableStream<Uint8Array>,
  url: string,
  signal: AbortSignal,
): AsyncGenerator<ParsedTarEntry, void> {
  const decoder = createTarDecoder({ strict: true })
  const sent = send(untilBroken(body, url, signal), decoder.writable)
  // It fails with the entries.
  sent.catch(() => undefined)
  yield* decoder.readable as ReadableStream<ParsedTarEntry> & AsyncIterable<ParsedTarEntry>
  await sent
}

async function send(chunks: AsyncIterable<Uint8Array>, writable: WritableStream<Uint8Array>): Promise<void> {
  const writer = writable.getWriter()
  try {
    for await (const chunk of chunks) await writer.write(chunk)
    await writer.close()
  } catch (error) {
    await writer.abort(error).catch(() => undefined)
    throw error
  }
}

async function takeEntry(
  { header, body }: ParsedTarEntry,
  artifact: ArtifactRecord | undefined,
  save: Save,
): Promise<void> {
  if (artifact === undefined) return body.cancel()
  if (header.size > LIMITS.inlineFileBytes) throw otherBytes(artifact.path)
  const chunks: Uint8Array[] = []
  for await (const chunk of body as ReadableStream<Uint8Array> & AsyncIterable<Uint8Array>) chunks.push(chunk)
  await save(artifact, Buffer.concat(chunks))
}
