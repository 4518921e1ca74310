import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createApi } from '../../src/client/index.js'

const MIB = 1024 * 1024
const MIBS = 192

/** A server that takes bytes and forgets them. */
async function listen(): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end())
  })
  onTestFinished(() => void server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('an upload does not stay in memory while it goes on', async () => {
  const api = createApi({ url: await listen(), apiKey: 'sk_a_b' })
  const before = process.memoryUsage().arrayBuffers
  let peak = 0
  let left = MIBS
  const body = (): ReadableStream<Uint8Array> =>
    new ReadableStream({
      pull(controller) {
        peak = Math.max(peak, process.memoryUsage().arrayBuffers)
        if (left-- > 0) controller.enqueue(new Uint8Array(MIB))
        else controller.close()
      },
    })

  await api.send({ method: 'PUT', path: '/x', body, bodyBytes: MIBS * MIB })

  expect(peak - before).toBeLessThan((MIBS / 2) * MIB)
})
