import { expect, test } from 'vitest'
import { createJoiner } from '../../src/attempt/join-pieces.js'
import type { Piece } from '../../src/attempt/log-cap.js'

const makePiece = (text: string, rest: Partial<Piece> = {}): Piece => ({
  stream: 'stdout',
  bytes: Buffer.from(text),
  at: 0,
  ...rest,
})
const join = (...pieces: Piece[]): string[] => {
  const append = createJoiner()
  const joined: Piece[] = []
  for (const piece of pieces) append(joined, piece)
  return joined.map(({ stream, bytes, at }) => `${stream} ${at} ${Buffer.from(bytes).toString()}`)
}

test('joins small pieces of one stream and one time', () => {
  expect(join(makePiece('a'), makePiece('b', { at: 10 }), makePiece('c', { at: 20 }))).toEqual([
    'stdout 0 abc',
  ])
})

test('keeps streams and times apart', () => {
  const pieces = [makePiece('a'), makePiece('b', { stream: 'stderr' }), makePiece('c', { at: 1_000 })]

  expect(join(...pieces, makePiece('d', { at: 1_000 }))).toEqual([
    'stdout 0 a',
    'stderr 0 b',
    'stdout 1000 cd',
  ])
})

test('never joins with a gap', () => {
  const gap = makePiece('', { gapBytes: 5 })

  expect(join(makePiece('a'), gap, makePiece('b'))).toEqual(['stdout 0 a', 'stdout 0 ', 'stdout 0 b'])
})

test('never writes into memory that it was given', () => {
  const memory = Buffer.from('abcdef')
  const given = { stream: 'stdout' as const, bytes: memory.subarray(0, 2), at: 0 }

  expect(join(given, makePiece('xy'))).toEqual(['stdout 0 abxy'])
  expect(memory.toString()).toBe('abcdef')
})

test('loses nothing of a hundred thousand single bytes, in few pieces', () => {
  const append = createJoiner()
  const joined: Piece[] = []
  const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, at) => at % 251))
  for (let at = 0; at < bytes.length; at++)
    append(joined, makePiece('', { bytes: bytes.subarray(at, at + 1) }))

  expect(Buffer.concat(joined.map((piece) => piece.bytes))).toEqual(bytes)
  expect(joined.length).toBeLessThan(10)
})
