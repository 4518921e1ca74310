import { StringDecoder } from 'node:string_decoder'

/** Collects what an installer prints. */
export interface InstallOutput {
  write(chunk: Uint8Array): void
  /** All of it, without credentials; where it is very long its middle is left out. */
  end(): Buffer
}

const HALF_BYTES = 512 * 1024
const MAX_LINE_CHARS = 64 * 1024

/** Makes an {@link InstallOutput} that tells `onLine` each line as it comes. */
export function createInstallOutput(
  mask: (text: string) => string,
  onLine: (line: string) => void,
  halfBytes = HALF_BYTES,
): InstallOutput {
  const decoder = new StringDecoder('utf8')
  const kept = createHeadAndTail(halfBytes)
  let rest = ''

  // Whole lines, as credentials may come in two pieces.
  const take = (line: string): void => {
    const masked = mask(line)
    kept.push(Buffer.from(masked))
    if (masked.trim() !== '') onLine(masked.trim())
  }

  return {
    write(chunk) {
      const lines = (rest + decoder.write(Buffer.from(chunk))).split(/(?<=[\r\n])/)
      const last = lines.at(-1) ?? ''
      rest = /[\r\n]$/.test(last) || last.length > MAX_LINE_CHARS ? '' : (lines.pop() ?? '')
      for (const line of lines) take(line)
    },
    end() {
      const last = rest + decoder.end()
      rest = ''
      if (last !== '') take(last)
      return kept.join()
    },
  }
}

function createHeadAndTail(halfBytes: number): { push(bytes: Buffer): void; join(): Buffer } {
  const head: Buffer[] = []
  const tail: Buffer[] = []
  let headBytes = 0
  let tailBytes = 0
  let droppedBytes = 0
  return {
    push(bytes) {
      const room = halfBytes - headBytes
      if (room > 0) head.push(bytes.subarray(0, room))
      headBytes += Math.min(room, bytes.length)
      if (bytes.length <= room) return
      tail.push(bytes.subarray(room))
      tailBytes += bytes.length - room
      while (tailBytes - (tail[0]?.length ?? 0) >= halfBytes) {
        const dropped = tail.shift()?.length ?? 0
        tailBytes -= dropped
        droppedBytes += dropped
      }
    },
    join() {
      const gap =
        droppedBytes === 0 ? [] : [Buffer.from(`\n[rgrid: ${droppedBytes} bytes are left out here]\n`)]
      return Buffer.concat([...head, ...gap, ...tail])
    },
  }
}
