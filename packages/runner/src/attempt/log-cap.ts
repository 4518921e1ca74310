import type { StreamName } from '@rgrid/protocol'
import { createJoiner } from './join-pieces.js'

/** A piece of output as it was read. */
export interface Piece {
  readonly stream: StreamName
  readonly bytes: Uint8Array
  readonly at: number
  /** Stands in place of this many bytes that were dropped; `null`: of nobody knows how many. */
  readonly gapBytes?: number | null
}

/** How much of a log is kept. */
export interface LogCapOptions {
  /** Bytes kept in all, over both streams. */
  readonly limitBytes: number
  /** The part of it that is kept of the end. */
  readonly tailBytes: number
  /** How much of it the server has already. @default 0 */
  readonly storedBytes?: number
}

/**
 * Keeps the head and the tail of a log that may be endless. The head passes straight through; what comes later waits
 * in a window of the last `tailBytes`, and {@link LogCap.end} gives it out behind a gap for each stream that lost
 * bytes.
 */
export interface LogCap {
  /** Takes a piece; returns the part of it that belongs to the head. */
  push(piece: Piece): Piece | undefined
  /** The gaps and the kept tail. */
  end(): Piece[]
}

/** Makes a {@link LogCap}. */
export function createLogCap({ limitBytes, storedBytes = 0, ...cap }: LogCapOptions): LogCap {
  const leftBytes = Math.max(0, limitBytes - storedBytes)
  const tailBytes = Math.min(cap.tailBytes, leftBytes)
  let headLeft = leftBytes - tailBytes
  let tailSize = 0
  const tail: Piece[] = []
  const append = createJoiner()
  const dropped = { stdout: 0, stderr: 0 }

  const trim = (): void => {
    while (tailSize > tailBytes) {
      const first = tail[0]
      if (first === undefined) return
      const cut = Math.min(first.bytes.byteLength, tailSize - tailBytes)
      dropped[first.stream] += cut
      tailSize -= cut
      if (cut === first.bytes.byteLength) tail.shift()
      else tail[0] = { ...first, bytes: first.bytes.subarray(cut) }
    }
  }

  return {
    push(piece) {
      const head = piece.bytes.subarray(0, headLeft)
      headLeft -= head.byteLength
      const rest = piece.bytes.subarray(head.byteLength)
      if (rest.byteLength > 0) {
        append(tail, { ...piece, bytes: rest })
        tailSize += rest.byteLength
        trim()
      }
      return head.byteLength > 0 ? { ...piece, bytes: head } : undefined
    },
    end() {
      const at = tail[0]?.at ?? 0
      const gaps = (['stdout', 'stderr'] as const)
        .filter((stream) => dropped[stream] > 0)
        .map((stream): Piece => ({ stream, at, bytes: new Uint8Array(), gapBytes: dropped[stream] }))
      return [...gaps, ...tail.splice(0)]
    },
  }
}
