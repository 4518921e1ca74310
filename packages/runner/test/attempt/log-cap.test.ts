import { describe, expect, test } from 'vitest'
import { createLogCap, type Piece } from '../../src/attempt/log-cap.js'

const piece = (text: string, stream: Piece['stream'] = 'stdout'): Piece => ({
  stream,
  at: 1,
  bytes: Buffer.from(text),
})
const text = (pieces: (Piece | undefined)[]): string =>
  pieces
    .map((one) =>
      one?.gapBytes === undefined
        ? Buffer.from(one?.bytes ?? []).toString()
        : `[${one.stream} -${one.gapBytes}]`,
    )
    .join('')

describe('a capped log', () => {
  test('passes everything through while it fits into the head', () => {
    const cap = createLogCap({ limitBytes: 10, tailBytes: 4 })

    const head = [cap.push(piece('abc')), cap.push(piece('def'))]

    expect(text(head)).toBe('abcdef')
    expect(cap.end()).toEqual([])
  })

  test('loses nothing at exactly its limit', () => {
    const cap = createLogCap({ limitBytes: 10, tailBytes: 4 })

    const head = [cap.push(piece('abcdefgh')), cap.push(piece('ij'))]

    expect(text(head) + text(cap.end())).toBe('abcdefghij')
  })

  test('keeps head and tail and says how many bytes lie between', () => {
    const cap = createLogCap({ limitBytes: 10, tailBytes: 4 })

    const head = [...'abcdefghijklmnop'].map((letter) => cap.push(piece(letter)))

    expect(text(head)).toBe('abcdef')
    expect(text(cap.end())).toBe('[stdout -6]mnop')
  })

  test('counts what the server has already', () => {
    const cap = createLogCap({ limitBytes: 10, tailBytes: 4, storedBytes: 4 })

    const head = [...'efghijklmnop'].map((letter) => cap.push(piece(letter)))

    expect(text(head)).toBe('ef')
    expect(text(cap.end())).toBe('[stdout -6]mnop')
  })

  test('keeps less of the end where the server has a part of that too', () => {
    const cap = createLogCap({ limitBytes: 10, tailBytes: 4, storedBytes: 8 })

    const head = [...'ijklmnop'].map((letter) => cap.push(piece(letter)))

    expect(text(head) + text(cap.end())).toBe('[stdout -6]op')
  })

  test('cuts a single piece that is larger than the whole limit', () => {
    const cap = createLogCap({ limitBytes: 4, tailBytes: 2 })

    const head = cap.push(piece('0123456789'))

    expect(text([head]) + text(cap.end())).toBe('01[stdout -6]89')
  })

  test('counts what each stream lost for itself', () => {
    const cap = createLogCap({ limitBytes: 4, tailBytes: 2 })

    cap.push(piece('oooo'))
    cap.push(piece('eee', 'stderr'))
    cap.push(piece('OO'))

    expect(text(cap.end())).toBe('[stdout -2][stderr -3]OO')
  })
})
