const HEADER_BYTES = 8
const LENGTH_OFFSET = 4

/**
 * Takes the engine's framing off an attached stream: each frame is a header of eight bytes, with the length in its last
 * four, and a payload. Frames may be cut anywhere; payloads are passed on as they come, without a copy.
 */
export function createFrameParser(): (chunk: Buffer) => Buffer[] {
  let header = Buffer.alloc(0)
  let payloadLeft = 0

  return (chunk) => {
    const payloads: Buffer[] = []
    let rest = chunk
    while (rest.length > 0) {
      if (payloadLeft > 0) {
        const payload = rest.subarray(0, payloadLeft)
        payloads.push(payload)
        payloadLeft -= payload.length
        rest = rest.subarray(payload.length)
        continue
      }
      const missing = HEADER_BYTES - header.length
      header = Buffer.concat([header, rest.subarray(0, missing)])
      rest = rest.subarray(missing)
      if (header.length < HEADER_BYTES) break
      payloadLeft = header.readUInt32BE(LENGTH_OFFSET)
      header = Buffer.alloc(0)
    }
    return payloads
  }
}
