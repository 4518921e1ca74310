import { bodyTooSlow } from './read-json.js'

/**
 * Reads a body piece by piece. It may take as long as it likes, but not pause for longer than `pauseMs`.
 *
 * @throws RGridError `invalid_request` with status 408 when it pauses for longer.
 */
export async function* readBytes({ body }: Request, pauseMs: number): AsyncGenerator<Uint8Array, void> {
  if (body === null) return
  const reader = (body as ReadableStream<Uint8Array>).getReader()
  try {
    for (;;) {
      const { done, value } = await readInTime(reader, pauseMs)
      if (done) return
      yield value
    }
  } finally {
    // Does nothing after the end; before it, nobody reads on and the sender must not wait.
    reader.cancel().catch(() => undefined)
  }
}

async function readInTime(reader: ReadableStreamDefaultReader<Uint8Array>, pauseMs: number) {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(bodyTooSlow(pauseMs)), pauseMs)
  })
  try {
    return await Promise.race([reader.read(), late])
  } finally {
    clearTimeout(timer)
  }
}
