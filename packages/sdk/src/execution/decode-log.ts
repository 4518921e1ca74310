import type { LogEvent, StreamName } from '@rgrid/protocol'
import type { LogPiece } from '../types.js'

/** A piece of a log with its bytes, before it is text. */
export interface RawPiece {
  readonly cursor: string
  readonly stream: StreamName
  readonly bytes: Uint8Array
  readonly at: number
  readonly gapBytes: number | null
}

/** Takes the bytes out of a log event. */
export function toRawPiece(cursor: string, { stream, at, text, base64, gapBytes = 0 }: LogEvent): RawPiece {
  const bytes = base64 === undefined ? Buffer.from(text ?? '', 'utf8') : Buffer.from(base64, 'base64')
  return { cursor, stream, bytes, at, gapBytes }
}

/** Makes a decoder that keeps a byte order mark, as it is part of what the script wrote. */
export const createDecoder = (): TextDecoder => new TextDecoder('utf-8', { ignoreBOM: true })

/** Turns pieces into text, with one decoder per stream, so that a character split between two pieces arrives whole. */
export function createLogDecoder(): { decode(piece: RawPiece): LogPiece; end(): LogPiece[] } {
  const decoders = { stdout: createDecoder(), stderr: createDecoder() }
  return {
    decode: ({ stream, bytes, at, gapBytes }) => ({
      stream,
      bytes,
      gapBytes,
      at: new Date(at),
      text: decoders[stream].decode(bytes, { stream: true }),
    }),
    end: () =>
      (['stdout', 'stderr'] as const)
        .map((stream) => ({
          stream,
          bytes: new Uint8Array(),
          gapBytes: 0,
          at: new Date(),
          text: decoders[stream].decode(),
        }))
        .filter(({ text }) => text !== ''),
  }
}
