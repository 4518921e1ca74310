import type { StreamName } from '@rgrid/protocol'
import { createDecoder, type RawPiece } from './decode-log.js'

/** The beginning of both streams as text. */
export interface Captured {
  readonly stdout: string
  readonly stderr: string
  readonly stdoutTruncated: boolean
  readonly stderrTruncated: boolean
}

/** Collects the first `maxBytes` of each stream. */
export function createTextCapture(maxBytes: number): { push(piece: RawPiece): void; end(): Captured } {
  const kept: Record<StreamName, Uint8Array[]> = { stdout: [], stderr: [] }
  const size: Record<StreamName, number> = { stdout: 0, stderr: 0 }
  const truncated: Record<StreamName, boolean> = { stdout: false, stderr: false }
  // A character that the cap cuts in two is left out.
  const toText = (stream: StreamName): string =>
    createDecoder().decode(Buffer.concat(kept[stream]), { stream: truncated[stream] })

  return {
    push({ stream, bytes, gapBytes }) {
      const head = bytes.subarray(0, maxBytes - size[stream])
      if (head.byteLength > 0) kept[stream].push(head)
      size[stream] += head.byteLength
      if (head.byteLength < bytes.byteLength || gapBytes !== 0) truncated[stream] = true
    },
    end: () => ({
      stdout: toText('stdout'),
      stderr: toText('stderr'),
      stdoutTruncated: truncated.stdout,
      stderrTruncated: truncated.stderr,
    }),
  }
}
