import { RGridError } from '../errors.js'
import type { FetchResponse } from './fetch.js'

const MAX_JSON_BYTES = 32 * 1024 * 1024

/**
 * Reads the body of a response as text.
 *
 * @throws RGridError `protocol` when it is larger than any answer of an RGrid server.
 */
export async function readText(response: FetchResponse, maxBytes = MAX_JSON_BYTES): Promise<string> {
  if (response.body === null) return ''
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of response.body as ReadableStream<Uint8Array> & AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength
    if (bytes > maxBytes)
      throw new RGridError(
        'protocol',
        `the server's answer is over ${maxBytes} bytes and was not read further`,
      )
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}
