import { LIMITS, RGridError } from '@rgrid/protocol'
import { HttpFault } from './problem.js'

/** The largest JSON body: the spec itself and its inline files in base64. */
export const MAX_JSON_BYTES = LIMITS.jsonBodyBytes + Math.ceil(LIMITS.inlineTotalBytes / 3) * 4

const JSON_TYPE = /^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/i

/**
 * Reads a JSON body, never more of it than the limit.
 *
 * @throws RGridError `unsupported_media_type`, `too_large` or `invalid_request`; with status 408 when it does not
 * arrive in time.
 */
export async function readJson(request: Request, timeoutMs: number): Promise<unknown> {
  if (!JSON_TYPE.test(request.headers.get('content-type') ?? ''))
    throw new RGridError(
      'unsupported_media_type',
      'the body must be JSON: send Content-Type: application/json',
    )
  assertNotEncoded(request)
  assertLength(request, MAX_JSON_BYTES)
  return parseJson(await readBytes(request, timeoutMs))
}

/**
 * Refuses a compressed body.
 *
 * @throws RGridError `unsupported_media_type`.
 */
export function assertNotEncoded(request: Request): void {
  if ((request.headers.get('content-encoding') ?? 'identity') !== 'identity')
    throw new RGridError(
      'unsupported_media_type',
      'compressed bodies are not read: send it without Content-Encoding',
    )
}

/**
 * Refuses a body whose declared length is over a limit, before any of it is read.
 *
 * @throws RGridError `too_large`.
 */
export function assertLength(request: Request, maxBytes: number): void {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge(maxBytes)
}

async function readBytes(request: Request, timeoutMs: number): Promise<Buffer> {
  if (request.body === null) return Buffer.alloc(0)
  const reader = (request.body as ReadableStream<Uint8Array>).getReader()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(bodyTooSlow(timeoutMs)), timeoutMs)
  })
  try {
    return await Promise.race([readAll(reader), late])
  } catch (error) {
    // Nobody reads on; what goes wrong with the connection from here on changes nothing.
    reader.cancel().catch(() => undefined)
    throw error
  } finally {
    clearTimeout(timer)
  }
}

async function readAll(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return Buffer.concat(parts)
    bytes += value.byteLength
    if (bytes > MAX_JSON_BYTES) throw tooLarge(MAX_JSON_BYTES)
    parts.push(value)
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : 'it is not UTF-8'
    throw new RGridError('invalid_request', `the body is not JSON: ${reason}`, { cause: error })
  }
}

const tooLarge = (maxBytes: number): RGridError =>
  new HttpFault('too_large', `the body is over the limit of ${maxBytes} bytes`, {
    headers: { connection: 'close' },
  })

/** A body that does not come. */
export const bodyTooSlow = (timeoutMs: number): RGridError =>
  new HttpFault('invalid_request', `nothing more of the body came within ${timeoutMs} ms: send it again`, {
    status: 408,
    headers: { connection: 'close' },
  })
