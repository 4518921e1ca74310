import { LIMITS, type LogChunk } from '@rgrid/protocol'
import { describe, expect, test, vi } from 'vitest'
import { createLogShipper } from '../../src/attempt/log-shipper.js'
import type { Piece } from '../../src/attempt/log-cap.js'

const piece = (text: string | Buffer, stream: Piece['stream'] = 'stdout'): Piece => ({
  stream,
  at: 7,
  bytes: Buffer.from(text),
})
const bytes = (chunks: readonly LogChunk[], stream = 'stdout'): Buffer =>
  Buffer.concat(
    chunks.filter((chunk) => chunk.stream === stream).map(({ data }) => Buffer.from(data, 'base64')),
  )
const cap = { limitBytes: LIMITS.logBytes, tailBytes: LIMITS.logTailBytes }

/** A server that answers when it is told to. */
function createGate() {
  const requests: LogChunk[][] = []
  const answers: (() => void)[] = []
  const send = (chunks: LogChunk[]): Promise<void> => {
    requests.push(chunks)
    return new Promise((resolve) => answers.push(resolve))
  }
  return { requests, send, answer: () => answers.shift()?.() }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a log shipper', () => {
  test('sends the first bytes at once', () => {
    const gate = createGate()
    const shipper = createLogShipper({ ...cap, send: gate.send })

    shipper.write(piece('a'))

    expect(bytes(gate.requests[0] ?? []).toString()).toBe('a')
  })

  test('gathers what comes while a request is under way into one chunk', async () => {
    const gate = createGate()
    const shipper = createLogShipper({ ...cap, send: gate.send })
    for (const letter of 'abcdef') shipper.write(piece(letter))

    gate.answer()
    await vi.waitFor(() => expect(gate.requests).toHaveLength(2))

    expect(gate.requests[1]).toHaveLength(1)
    expect(bytes(gate.requests[1] ?? []).toString()).toBe('bcdef')
  })

  test('gathers what comes soon after a request', async () => {
    const gate = createGate()
    const shipper = createLogShipper({ ...cap, send: gate.send })
    shipper.write(piece('a'))
    gate.answer()
    await settle()
    for (const letter of 'bcd') {
      shipper.write(piece(letter))
      await settle()
    }
    await vi.waitFor(() => expect(gate.requests).toHaveLength(2))

    expect(gate.requests.map((chunks) => bytes(chunks).toString())).toEqual(['a', 'bcd'])
  })

  test('leaves what came last to its end, without a wait', async () => {
    const gate = createGate()
    const shipper = createLogShipper({ ...cap, send: gate.send })
    shipper.write(piece('a'))
    gate.answer()
    await settle()
    shipper.write(piece('b'))
    const last = await Promise.race([shipper.finish(), settle()])

    expect(bytes(last ?? []).toString()).toBe('b')
    expect(gate.requests).toHaveLength(1)
  })

  test('does not gather behind a request that was under way at the end', async () => {
    const gate = createGate()
    const shipper = createLogShipper({ ...cap, send: gate.send })
    for (const letter of 'ab') shipper.write(piece(letter))
    const finished = shipper.finish()
    gate.answer()
    const last = await Promise.race([finished, settle().then(settle)])

    expect(bytes(last ?? []).toString()).toBe('b')
  })

  test('does not gather more than one request takes', async () => {
    const gate = createGate()
    const shipper = createLogShipper({ ...cap, send: gate.send })
    shipper.write(piece('a'))
    gate.answer()
    await settle()
    shipper.write(piece(Buffer.alloc(LIMITS.logRequestBytes)))
    await settle()

    expect(gate.requests).toHaveLength(2)
  })

  test('never has two requests under way', async () => {
    const gate = createGate()
    const shipper = createLogShipper({ ...cap, send: gate.send })

    for (const letter of 'abc') {
      shipper.write(piece(letter))
      await settle()
    }

    expect(gate.requests).toHaveLength(1)
  })

  test('keeps both streams in the order they were read, with dense sequence numbers', async () => {
    const gate = createGate()
    const shipper = createLogShipper({ ...cap, send: gate.send })
    shipper.write(piece('1'))
    shipper.write(piece('2', 'stderr'))
    shipper.write(piece('3'))
    const finished = shipper.finish()
    gate.answer()
    await settle()
    gate.answer()
    const all = [...gate.requests.flat(), ...(await finished)]

    expect(all.map(({ seq, stream }) => [seq, stream])).toEqual([
      [1, 'stdout'],
      [2, 'stderr'],
      [3, 'stdout'],
    ])
  })

  test('cuts large output into chunks within the limit and keeps every byte', async () => {
    const sent: LogChunk[] = []
    const shipper = createLogShipper({ ...cap, send: async (chunks) => void sent.push(...chunks) })
    const data = Buffer.alloc(3_000_001, 'xyz')

    shipper.write(piece(data))
    sent.push(...(await shipper.finish()))

    expect(Math.max(...sent.map((chunk) => Buffer.from(chunk.data, 'base64').length))).toBeLessThanOrEqual(
      LIMITS.logChunkBytes,
    )
    expect(bytes(sent).equals(data)).toBe(true)
  })

  test('keeps every request within the limit of one request', async () => {
    const requests: LogChunk[][] = []
    const shipper = createLogShipper({ ...cap, send: async (chunks) => void requests.push(chunks) })

    for (let i = 0; i < 50; i++) shipper.write(piece(Buffer.alloc(99_991)))
    requests.push(await shipper.finish())

    expect(Math.max(...requests.map((chunks) => bytes(chunks).length))).toBeLessThanOrEqual(
      LIMITS.logRequestBytes,
    )
    expect(bytes(requests.flat()).length).toBe(50 * 99_991)
  })

  test('asks its source to hold on when too much is waiting, until there is room', async () => {
    const gate = createGate()
    const shipper = createLogShipper({ ...cap, send: gate.send })
    const before = shipper.write(piece(Buffer.alloc(1024)))
    const full = shipper.write(piece(Buffer.alloc(3 * LIMITS.logRequestBytes)))
    let drained = false
    void shipper.drained().then(() => (drained = true))
    await settle()
    const early = drained

    for (let i = 0; i < 8; i++) {
      gate.answer()
      await settle()
    }

    expect([before, full, early, drained]).toEqual([true, false, false, true])
  })

  test('sends a marker where bytes were dropped', async () => {
    const sent: LogChunk[] = []
    const shipper = createLogShipper({
      limitBytes: 8,
      tailBytes: 3,
      send: async (chunks) => void sent.push(...chunks),
    })

    shipper.write(piece('0123456789abcdef'))
    sent.push(...(await shipper.finish()))

    expect(sent.map(({ data, gapBytes }) => gapBytes ?? Buffer.from(data, 'base64').toString())).toEqual([
      '01234',
      8,
      'def',
    ])
  })

  test('goes on behind what the server has, and says of both streams that some may be missing', async () => {
    const sent: LogChunk[] = []
    const send = async (chunks: LogChunk[]): Promise<void> => void sent.push(...chunks)
    const shipper = createLogShipper({ ...cap, lastSeq: 7, storedBytes: 100, send })

    shipper.markGap()
    shipper.write(piece('on'))
    sent.push(...(await shipper.finish()))

    expect(sent.map(({ seq, stream, gapBytes }) => [seq, stream, gapBytes])).toEqual([
      [8, 'stdout', null],
      [9, 'stderr', null],
      [10, 'stdout', undefined],
    ])
    expect(bytes(sent).toString()).toBe('on')
  })

  test('stops sending when the server refuses', async () => {
    let calls = 0
    const shipper = createLogShipper({
      ...cap,
      send: () => {
        calls++
        return Promise.reject(new Error('lease_lost'))
      },
    })
    shipper.write(piece('a'))
    await settle()

    shipper.write(piece('b'))
    await shipper.finish()

    expect(calls).toBe(1)
  })
})
