import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { createVolumeMeter } from '../../../../src/executors/docker/archive/volume-meter.js'

/** An engine that says how large its volumes are, in the order in which it is asked. */
async function startEngine(answers: readonly [status: number, body: object][]) {
  const asked: string[] = []
  const server = createServer(({ url = '' }, response) => {
    const [status, body] = answers[asked.push(url) - 1] ?? [500, {}]
    response.writeHead(status).end(JSON.stringify(body))
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { asked, meter: createVolumeMeter({ host: '127.0.0.1', port, certificates: undefined }) }
}

const volume = (Name: string, Size: number) => ({ Name, UsageData: { Size, RefCount: 1 } })

it('asks once for all that wait, and again later', async () => {
  const { asked, meter } = await startEngine([
    [200, { Volumes: [volume('a', 1), volume('b', 2)] }],
    [200, { Volumes: [volume('a', 3)] }],
  ])

  const together = await Promise.all([meter.measure('a'), meter.measure('b')])
  const later = await meter.measure('a')

  expect([together, later]).toEqual([[1, 2], 3])
  expect(asked).toEqual(['/system/df?type=volume', '/system/df?type=volume'])
})

it('takes what the engine does not say for nothing', async () => {
  const { meter } = await startEngine([
    [200, { Volumes: [volume('a', -1), { Name: 'b' }] }],
    [200, { Volumes: null }],
    [409, { message: 'a disk usage operation is already running' }],
  ])

  const together = await Promise.all(['a', 'b', 'c'].map((name) => meter.measure(name)))

  expect(together).toEqual([0, 0, 0])
  expect([await meter.measure('a'), await meter.measure('a')]).toEqual([0, 0])
})
