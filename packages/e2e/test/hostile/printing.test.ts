import { LIMITS } from '@rgrid/protocol'
import { describe, expect, test } from 'vitest'
import { hasDocker } from '../support/requirements.js'
import { createStage } from './support/stage.js'

const MIB = 1024 * 1024
const RUNNER_MIB = 200

describe.runIf(await hasDocker())('what a hostile script prints', () => {
  const stage = createStage()
  const cpus = 2

  /** Runs a script, and reads all of its log. */
  const print = async (source: string, options: Parameters<typeof stage.run>[1] = {}) => {
    const result = await stage.run(source, { cpus, timeoutMs: 90_000, ...options })
    const pieces = []
    for await (const piece of stage.world.client.logs(result.id)) pieces.push(piece)
    const bytes = Buffer.concat(pieces.map((piece) => piece.bytes))
    const gapBytes = pieces.reduce((sum, piece) => sum + (piece.gapBytes ?? 0), 0)
    return { result, bytes, gapBytes, pieces }
  }

  test.for([
    [
      'a gigabyte',
      1024 * MIB,
      `
import os
block = (b'x' * 63 + b'\\n') * 16384
for _ in range(1024):
    view = memoryview(block)
    while view: view = view[os.write(1, view):]
`,
    ],
    [
      '100 MB without a line end',
      100_000_000,
      `
import os
for _ in range(1000):
    view = memoryview(b'x' * 100000)
    while view: view = view[os.write(1, view):]
`,
    ],
    ['10 million empty lines', 10_000_000, `import sys\nsys.stdout.write('\\n' * 10000000)`],
    [
      'a byte at a time at full speed',
      12_000_000,
      `
import os
write = os.write
for _ in range(1500000): write(1, b'x')
view = memoryview(b'y' * 9000000)
while view: view = view[write(1, view):]
for _ in range(1500000): write(1, b'z')
`,
    ],
  ] as const)('H17: %s: the head and the tail are kept, and the gap is told', async ([, total, source]) => {
    const script = `${source}\nimport os, sys\nsys.stdout.flush()\nos.write(1, b'THE END')\nos._exit(7)`

    const { result, bytes, gapBytes, pieces } = await print(script)

    expect(result).toMatchObject({ status: 'failed', cause: 'exit', exitCode: 7 })
    expect(bytes.length + gapBytes).toBe(total + 'THE END'.length)
    expect(bytes.length).toBe(Math.min(LIMITS.logBytes, total + 'THE END'.length))
    expect(bytes.subarray(-7).toString()).toBe('THE END')
    expect(pieces.filter((piece) => piece.gapBytes !== 0)).toHaveLength(gapBytes > 0 ? 1 : 0)
    expect(Math.max(...pieces.map((piece) => piece.bytes.length))).toBeLessThanOrEqual(LIMITS.logChunkBytes)
    expect(pieces.length).toBeLessThan(20_000)
    expect(stage.world.runner.getPeakMib()).toBeLessThan(RUNNER_MIB)
  })

  test.concurrent(
    'H19, H21: terminal orders, forged frames and forged markers arrive as the bytes that they are',
    async () => {
      const hostile = Buffer.concat([
        Buffer.from('\x1b[2J\x1b]0;title\x07\x1b]52;c;aGk=\x07\x1b[21t\u202e\r\n'),
        // A frame of the engine that says it is 8 bytes of stderr.
        Buffer.from([2, 0, 0, 0, 0, 0, 0, 8]),
        Buffer.from('::set-output name=x::y\nevent: end\ndata: {}\n\n{"gapBytes":99}\nexit 0\nready\n'),
        Buffer.from([0, 0xff, 0xfe, 0xc3, 0x28]),
      ])
      const source = `import os, base64; os.write(1, base64.b64decode('${hostile.toString('base64')}'))`

      const { result, bytes, gapBytes, pieces } = await print(source)

      expect([result.status, gapBytes]).toEqual(['completed', 0])
      expect(bytes).toEqual(hostile)
      expect(new Set(pieces.map((piece) => piece.stream))).toEqual(new Set(['stdout']))
    },
  )

  test.concurrent.for([
    ['closed', `os.close(0); os.close(1); os.close(2)`],
    ['turned away', `null = os.open('/dev/null', 2); [os.dup2(null, fd) for fd in (0, 1, 2)]`],
  ] as const)('H23: streams that are %s do not end the execution', async ([, action]) => {
    const source = `import os, time\nos.write(1, b'before')\n${action}\ntime.sleep(1.5)\nos._exit(7)`

    const { result, bytes } = await print(source)

    expect([result.exitCode, bytes.toString()]).toEqual([7, 'before'])
    expect(result.usage?.wallMs).toBeGreaterThan(1_400)
  })

  test.concurrent('H47: nothing is printed after the end by a child that is left', async () => {
    const source = `
import os, time
if os.fork() == 0:
    os.setsid()
    for number in range(200):
        os.write(1, b'child ')
        time.sleep(0.05)
    os._exit(0)
time.sleep(0.5)
os.write(1, b'END')
os._exit(4)
`
    const { result, bytes } = await print(source)
    const execution = await stage.world.client.get(result.id)
    const again = []
    for await (const { bytes: more } of stage.world.client.logs(result.id)) again.push(more)

    expect([result.exitCode, execution.status]).toEqual([4, 'failed'])
    expect(Buffer.concat(again)).toEqual(bytes)
    expect(bytes.toString()).toMatch(/^(child )+END(child )?$/)
  })
})
