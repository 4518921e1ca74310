import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { readFifo, writeBytes } from './open-fifo.js'

/** What a script prints into a FIFO that its container holds open, also when the script is over. */
export interface FifoOutput {
  /** Ends where it is told to, or when the container is gone. */
  readonly stream: Readable
  /** The script is over: what is in the FIFO now is the last of it. */
  end(): void
  destroy(): void
}

const MARK_BYTES = 16
// No text in UTF-8 has this byte, so the last of a text is never held back for what might be the beginning of a mark.
const MARK_BEGIN = 0xff
// What is in a full FIFO is on its way to a reader who may pause.
const RETRY_MS = 2

/** Makes what no script can know, for {@link openFifoOutput}. */
export function createEndMark(): Buffer {
  const mark = randomBytes(MARK_BYTES)
  mark[0] = MARK_BEGIN
  return mark
}

/**
 * Opens a {@link FifoOutput}. As the FIFO itself does not end, a mark behind the last byte says where the output does.
 * It is put there only once nothing of the script is left that could read it. Whoever goes on with a script of a killed
 * runner has to know its mark: it may be there already.
 */
export function openFifoOutput(path: string, mark: Buffer): FifoOutput {
  let isEnding = false
  // The last bytes that were read, where they may be the beginning of a mark that arrives in two pieces.
  let held: Buffer = Buffer.alloc(0)

  const takeUntilMark = (chunk: Buffer): Buffer => {
    const bytes = held.byteLength === 0 ? chunk : Buffer.concat([held, chunk])
    const at = bytes.indexOf(mark)
    if (at >= 0) {
      held = Buffer.alloc(0)
      source.destroy()
      return bytes.subarray(0, at)
    }
    const sure = bytes.byteLength - countBegun(bytes, mark)
    held = bytes.subarray(sure)
    return bytes.subarray(0, sure)
  }
  const source = readFifo(path, (chunk) => {
    const bytes = takeUntilMark(chunk)
    return bytes.byteLength === 0 || stream.push(bytes)
  })
  const stream = new Readable({
    read: () => void source.resume(),
    destroy(error, callback) {
      source.destroy()
      callback(error)
    },
  })
  source.once('error', () => source.destroy())
  source.once('close', () => {
    if (held.byteLength > 0) stream.push(held)
    stream.push(null)
  })

  const write = async (): Promise<void> => {
    while (!source.destroyed && !writeBytes(path, mark)) await sleep(RETRY_MS)
  }
  return {
    stream,
    end() {
      if (isEnding || source.destroyed) return
      isEnding = true
      void write()
    },
    destroy: () => stream.destroy(),
  }
}

/** How many of the last bytes are the first of a mark. */
function countBegun(bytes: Buffer, mark: Buffer): number {
  const from = Math.max(0, bytes.byteLength - mark.byteLength + 1)
  for (let at = bytes.indexOf(MARK_BEGIN, from); at >= 0; at = bytes.indexOf(MARK_BEGIN, at + 1)) {
    const tail = bytes.subarray(at)
    if (tail.equals(mark.subarray(0, tail.byteLength))) return tail.byteLength
  }
  return 0
}
