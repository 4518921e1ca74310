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
// What is in a full FIFO is on its way to a reader who may pause.
const RETRY_MS = 2

/**
 * Opens a {@link FifoOutput}. As the FIFO itself does not end, a mark behind the last byte says where the output does:
 * random, and made only once nothing of the script is left that could print it.
 */
export function openFifoOutput(path: string): FifoOutput {
  let mark: Buffer | undefined
  // The last bytes that were read since there is a mark: it may arrive in two pieces.
  let held: Buffer = Buffer.alloc(0)

  const takeUntilMark = (chunk: Buffer, end: Buffer): Buffer => {
    const bytes = Buffer.concat([held, chunk])
    const at = bytes.indexOf(end)
    if (at >= 0) {
      held = Buffer.alloc(0)
      source.destroy()
      return bytes.subarray(0, at)
    }
    const sure = Math.max(0, bytes.byteLength - end.byteLength + 1)
    held = bytes.subarray(sure)
    return bytes.subarray(0, sure)
  }
  const source = readFifo(path, (chunk) => {
    const bytes = mark === undefined ? chunk : takeUntilMark(chunk, mark)
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

  const write = async (end: Buffer): Promise<void> => {
    while (!source.destroyed && !writeBytes(path, end)) await sleep(RETRY_MS)
  }
  return {
    stream,
    end() {
      if (mark !== undefined || source.destroyed) return
      mark = randomBytes(MARK_BYTES)
      void write(mark)
    },
    destroy: () => stream.destroy(),
  }
}
