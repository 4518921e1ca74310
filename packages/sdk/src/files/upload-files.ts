import { RGridError, type WireFile } from '@rgrid/protocol'
import { inParallel, RETRY_BRIEFLY, type Api } from '@rgrid/protocol/client'
import { ReadableStream as NodeReadableStream } from 'node:stream/web'
import { orAborted } from '../or-aborted.js'
import type { LocalFile } from './collect-files.js'
import { isSameMark, type FileMark } from './file-mark.js'
import { changed, openInput, readInput, statInput } from './open-input.js'

/** What is uploaded, and how. */
export interface Upload {
  readonly files: readonly WireFile[]
  readonly sources: readonly LocalFile[]
  /** How the files looked when they were hashed, by their place on this machine. */
  readonly marks: ReadonlyMap<string, FileMark>
  /** The digests that the server misses. */
  readonly missing: readonly string[]
  /** Told once, before anything is sent. */
  readonly onTotal?: (files: number, bytes: number) => void
  /** Told again and again, with what has been sent since; less than nothing where something is sent again. */
  readonly onSent?: (files: number, bytes: number) => void
  readonly signal?: AbortSignal | undefined
}

const PARALLEL = 4

/**
 * Uploads the files that a server misses, a few at a time, in constant memory. What has arrived stays there when another
 * fails, and is not missing the next time.
 *
 * @throws RGridError `invalid_request` when a file is not any more what was hashed; the signal's reason when it aborts.
 */
export async function uploadFiles(api: Api, upload: Upload): Promise<void> {
  const { files, sources, marks, missing, onTotal, onSent = () => undefined, signal } = upload
  const byDigest = new Map(files.map((file) => [file.sha256, file]))
  const byPath = new Map(sources.map((source) => [source.path, source]))
  const wanted = [...new Set(missing)].map((digest) => {
    const file = byDigest.get(digest)
    const source = byPath.get(file?.path ?? '')
    if (file !== undefined && source !== undefined) return { file, source }
    throw new RGridError('protocol', `the server misses ${digest}, which is not among the files`)
  })
  onTotal?.(
    wanted.length,
    wanted.reduce((sum, { file }) => sum + file.size, 0),
  )
  signal?.throwIfAborted()
  const sending = inParallel(wanted, PARALLEL, async ({ file, source }) => {
    const content = source.data ?? marks.get(source.source)
    if (content === undefined) throw new RGridError('protocol', `${source.source} was never read`)
    const send = (body: Body): Promise<void> => sendBlob(api, file, body, { onSent, signal })
    if (content instanceof Uint8Array) await send(() => [content])
    else await sendFile(source.source, content, send)
    onSent(1, 0)
  })
  await orAborted(sending, signal)
}

type Body = () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>

async function sendFile(source: string, mark: FileMark, send: (body: Body) => Promise<void>): Promise<void> {
  await using file = await openInput(source, mark)
  try {
    await send(() => readInput(file, mark))
  } catch (error) {
    // Whatever a server says of bytes that are not those it was promised, this is why.
    if (!isSameMark(mark, await statInput(source))) throw changed(source)
    throw error
  }
}

async function sendBlob(
  api: Api,
  { sha256, size }: WireFile,
  body: Body,
  { onSent, signal }: Required<Pick<Upload, 'onSent'>> & Pick<Upload, 'signal'>,
): Promise<void> {
  let sent = 0
  const count = async function* (): AsyncGenerator<Uint8Array, void> {
    onSent(0, -sent)
    sent = 0
    for await (const bytes of body()) {
      // A server in this process hears of the end by this alone.
      signal?.throwIfAborted()
      sent += bytes.byteLength
      onSent(0, bytes.byteLength)
      yield bytes
    }
  }
  await api.send(
    {
      method: 'PUT',
      path: `/v1/blobs/${sha256}`,
      body: () => NodeReadableStream.from(count()) as ReadableStream<Uint8Array>,
      bodyBytes: size,
    },
    { signal, retry: RETRY_BRIEFLY },
  )
}
