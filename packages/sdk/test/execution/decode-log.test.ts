import { describe, expect, test } from 'vitest'
import { createLogDecoder, toRawPiece, type RawPiece } from '../../src/execution/decode-log.js'
import { createLogBuffer } from '../../src/execution/log-buffer.js'
import { createTextCapture } from '../../src/execution/text-capture.js'
import type { LogPiece } from '../../src/types.js'

let seq = 0
const raw = (bytes: Buffer | string, stream: RawPiece['stream'] = 'stdout', attempt = 1): RawPiece => ({
  cursor: `${attempt}.${++seq}`,
  attempt,
  stream,
  bytes: Buffer.from(bytes),
  at: 0,
  gapBytes: 0,
})

const textOf = (pieces: LogPiece[]): string => pieces.map(({ text }) => text).join('')

describe('log text', () => {
  test('has a character whole that was split between pieces', () => {
    const { decode } = createLogDecoder()
    const [first, second] = [Buffer.from('é').subarray(0, 1), Buffer.from('é').subarray(1)]

    expect([textOf(decode(raw(first))), textOf(decode(raw(second)))]).toEqual(['', 'é'])
  })

  test('keeps the decoders of both streams apart', () => {
    const { decode } = createLogDecoder()
    const bytes = Buffer.from('é')

    decode(raw(bytes.subarray(0, 1)))

    expect([textOf(decode(raw('x', 'stderr'))), textOf(decode(raw(bytes.subarray(1))))]).toEqual(['x', 'é'])
  })

  test('shows an unfinished character at the end', () => {
    const decoder = createLogDecoder()
    decoder.decode(raw(Buffer.from([0xc3])))

    expect(decoder.end().map(({ stream, text, bytes }) => [stream, text, bytes.length])).toEqual([
      ['stdout', '\ufffd', 0],
    ])
  })

  test('does not join what two attempts have printed', () => {
    const { decode } = createLogDecoder()
    const bytes = Buffer.from('é')
    decode(raw(bytes.subarray(0, 1)))

    const pieces = decode(raw(bytes.subarray(1), 'stdout', 2))

    expect(pieces.map(({ text, attempt }) => [text, attempt])).toEqual([
      ['\ufffd', 1],
      ['\ufffd', 2],
    ])
  })

  test('keeps a byte order mark', () => {
    expect(textOf(createLogDecoder().decode(raw('\ufeffx')))).toBe('\ufeffx')
  })

  test('has the exact bytes of base64 events', () => {
    const { bytes } = toRawPiece('1.1', {
      stream: 'stdout',
      at: 0,
      base64: Buffer.from([0xff, 0xfe, 0]).toString('base64'),
    })

    expect([...bytes]).toEqual([0xff, 0xfe, 0])
  })
})

describe('a log buffer', () => {
  const readAll = async (reader: AsyncGenerator<RawPiece, boolean>): Promise<[string, boolean]> => {
    let text = ''
    for (;;) {
      const next = await reader.next()
      if (next.done === true) return [text, next.value]
      text += Buffer.from(next.value.bytes).toString()
    }
  }

  test('gives every reader everything from the beginning, live', async () => {
    const buffer = createLogBuffer(100)
    buffer.push(raw('a'))
    const early = readAll(buffer.read())
    buffer.push(raw('b'))
    buffer.end()

    expect([await early, await readAll(buffer.read())]).toEqual([
      ['ab', true],
      ['ab', true],
    ])
  })

  test('says when the log went on beyond what it keeps, without a hole', async () => {
    const buffer = createLogBuffer(3)
    for (const text of ['ab', 'cd', 'e']) buffer.push(raw(text))
    buffer.end()

    expect(await readAll(buffer.read())).toEqual(['ab', false])
  })
})

describe('captured text', () => {
  test('is capped for each stream and says so', () => {
    const capture = createTextCapture(3)
    for (const piece of [raw('ab'), raw('cd'), raw('xyz', 'stderr')]) capture.push(piece)

    expect(capture.end(1)).toEqual({
      stdout: 'abc',
      stdoutTruncated: true,
      stderr: 'xyz',
      stderrTruncated: false,
    })
  })

  test('is that of the last attempt, also when that has printed nothing', () => {
    const printed = createTextCapture(10)
    const silent = createTextCapture(10)
    for (const capture of [printed, silent]) capture.push(raw('first', 'stdout', 1))
    printed.push(raw('second', 'stdout', 2))

    expect([printed.end(2).stdout, silent.end(2).stdout]).toEqual(['second', ''])
  })

  test('says so when the server dropped a part', () => {
    const capture = createTextCapture(30)
    capture.push({ ...raw(''), gapBytes: 5 })

    expect(capture.end(1).stdoutTruncated).toBe(true)
  })
})
