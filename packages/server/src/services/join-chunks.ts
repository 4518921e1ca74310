/** Joins small chunks of a stream into ones of about `chunkBytes`: each costs as much to send as a large one. */
export function joinChunks(
  stream: ReadableStream<Uint8Array>,
  chunkBytes: number,
): ReadableStream<Uint8Array> {
  let held: Uint8Array[] = []
  let bytes = 0
  const release = (controller: TransformStreamDefaultController<Uint8Array>): void => {
    if (bytes > 0)
      controller.enqueue(held.length === 1 && held[0] !== undefined ? held[0] : Buffer.concat(held))
    held = []
    bytes = 0
  }
  return stream.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        held.push(chunk)
        bytes += chunk.byteLength
        if (bytes >= chunkBytes) release(controller)
      },
      flush: release,
    }),
  )
}
