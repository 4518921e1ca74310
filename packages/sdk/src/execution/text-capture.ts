import type { StreamName } from '@rgrid/protocol'
import { createDecoder, type RawPiece } from './decode-log.js'

/** The beginning of both streams as text. */
export interface Captured {
  readonly stdout: string
  readonly stderr: string
  readonly stdoutTruncated: boolean
  readonly stderrTruncated: boolean
}

/** Collects the first `maxBytes` of each stream, of the last attempt only. */
export interface TextCapture {
  push(piece: RawPiece): void
  /** @param lastAttempt - the number of the attempt that is wanted, which may have printed nothing */
  end(lastAttempt: number): Captured
}

/** Makes a {@link TextCapture}. */
export function createTextCapture(maxBytes: number): TextCapture {
  let attempt = 0
  let heads = createHeads(maxBytes)
  const begin = (next: number): void => {
    if (next === attempt) return
    attempt = next
    heads = createHeads(maxBytes)
  }
  return {
    push(piece) {
      begin(piece.attempt)
      heads.push(piece)
    },
    end(lastAttempt) {
      begin(lastAttempt)
      return heads.end()
    },
  }
}

function createHeads(maxBytes: number) {
  const kept: Record<StreamName, Uint8Array[]> = { stdout: [], stderr: [] }
  const size: Record<StreamName, number> = { stdout: 0, stderr: 0 }
  const truncated: Record<StreamName, boolean> = { stdout: false, stderr: false }
  // A character that the cap cuts in two is left out.
  const toText = (stream: StreamName): string =>
    createDecoder().decode(Buffer.concat(kept[stream]), { stream: truncated[stream] })

  return {
    push({ stream, bytes, gapBytes }: RawPiece): void {
      const head = bytes.subarray(0, maxBytes - size[stream])
      if (head.byteLength > 0) kept[stream].push(head)
      size[stream] += head.byteLength
      if (head.byteLength < bytes.byteLength || gapBytes !== 0) truncated[stream] = true
    },
    end: (): Captured => ({
      stdout: toText('stdout'),
      stderr: toText('stderr'),
      stdoutTruncated: truncated.stdout,
      stderrTruncated: truncated.stderr,
    }),
  }
}
