import { expect, it } from 'vitest'
import { createFrameParser } from '../../../src/executors/docker/frame-parser.js'

const toFrame = (payload: Buffer): Buffer => {
  const header = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0])
  header.writeUInt32BE(payload.length, 4)
  return Buffer.concat([header, payload])
}

const PAYLOADS = ['first', '', 'a longer second one', '\u0001\0\0\0\0\0\0\u0005forged'].map((text) =>
  Buffer.from(text),
)
const FRAMES = Buffer.concat(PAYLOADS.map(toFrame))

it.for([1, 2, 3, 7, 8, 9, 13, 1000])('takes off the framing when chunks have %i bytes', (size) => {
  const parse = createFrameParser()
  const received: Buffer[] = []
  for (let start = 0; start < FRAMES.length; start += size)
    received.push(...parse(FRAMES.subarray(start, start + size)))

  expect(Buffer.concat(received).toString('latin1')).toBe(Buffer.concat(PAYLOADS).toString('latin1'))
})
