import type { Piece } from './log-cap.js'

const BLOCK_BYTES = 16 * 1024
// What comes later has a time of its own.
const SAME_TIME_MS = 50

/**
 * Makes a function that puts a piece behind others, and joins it with the last where that can be: what a script prints
 * byte by byte would take hundreds of times its size.
 */
export function createJoiner(): (pieces: Piece[], piece: Piece) => void {
  // Other memory may belong to someone else behind the end of a piece.
  const own = new WeakSet<ArrayBufferLike>()

  const copy = (piece: Piece): Piece => {
    const block = new Uint8Array(BLOCK_BYTES)
    own.add(block.buffer)
    block.set(piece.bytes)
    return { ...piece, bytes: block.subarray(0, piece.bytes.byteLength) }
  }
  const canJoin = (last: Piece, { stream, at, bytes }: Piece): boolean => {
    const { buffer, byteOffset, byteLength } = last.bytes
    const room = own.has(buffer) ? buffer.byteLength - byteOffset - byteLength : 0
    return last.stream === stream && at - last.at <= SAME_TIME_MS && bytes.byteLength <= room
  }

  return (pieces, piece) => {
    const last = pieces.at(-1)
    const isSmall = piece.gapBytes === undefined && piece.bytes.byteLength < BLOCK_BYTES / 4
    if (!isSmall) pieces.push(piece)
    else if (last === undefined || !canJoin(last, piece)) pieces.push(copy(piece))
    else {
      const { buffer, byteOffset, byteLength } = last.bytes
      const bytes = new Uint8Array(buffer, byteOffset, byteLength + piece.bytes.byteLength)
      bytes.set(piece.bytes, byteLength)
      pieces[pieces.length - 1] = { ...last, bytes }
    }
  }
}
