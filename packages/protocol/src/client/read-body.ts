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
  for await (const chunk of readBytes(response.body)) {
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

/**
 * Reads a body piece by piece, and lets its connection go when the loop is left. Unlike the body's own iterator it
 * may be left without an error when the connection has broken meanwhile.
 */
export async function* readBytes(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}
