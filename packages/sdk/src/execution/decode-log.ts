import { parseCursor, type LogEvent, type StreamName } from '@rgrid/protocol'
import type { LogPiece } from '../types.js'

/** A piece of a log with its bytes, before it is text. */
export interface RawPiece {
  readonly cursor: string
  readonly attempt: number
  readonly stream: StreamName
  readonly bytes: Uint8Array
  readonly at: number
  readonly gapBytes: number | null
}

/** Takes the bytes out of a log event. */
export function toRawPiece(cursor: string, { stream, at, text, base64, gapBytes = 0 }: LogEvent): RawPiece {
  const bytes = base64 === undefined ? Buffer.from(text ?? '', 'utf8') : Buffer.from(base64, 'base64')
  return { cursor, attempt: parseCursor(cursor)?.attempt ?? 0, stream, bytes, at, gapBytes }
}

/** Makes a decoder that keeps a byte order mark, as it is part of what the script wrote. */
export const createDecoder = (): TextDecoder => new TextDecoder('utf-8', { ignoreBOM: true })

/** Turns pieces into text, in order. */
export interface LogDecoder {
  /** The text of a piece; where it begins another attempt, behind what is left of the one before. */
  decode(piece: RawPiece): LogPiece[]
  /** What is left: characters that never became whole. */
  end(): LogPiece[]
}

/** Makes a {@link LogDecoder} with one decoder per stream, so that a character split between two pieces arrives whole. */
export function createLogDecoder(): LogDecoder {
  const decoders = { stdout: createDecoder(), stderr: createDecoder() }
  let attempt = 0

  const end = (): LogPiece[] =>
    (['stdout', 'stderr'] as const)
      .map((stream) => ({
        stream,
        attempt,
        bytes: new Uint8Array(),
        gapBytes: 0,
        at: new Date(),
        text: decoders[stream].decode(),
      }))
      .filter(({ text }) => text !== '')

  return {
    decode({ cursor: _cursor, at, ...piece }) {
      const left = piece.attempt === attempt ? [] : end()
      attempt = piece.attempt
      const text = decoders[piece.stream].decode(piece.bytes, { stream: true })
      return [...left, { ...piece, at: new Date(at), text }]
    },
    end,
  }
}
