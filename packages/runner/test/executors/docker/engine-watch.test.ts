import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { watchEngine } from '../../../src/executors/docker/engine-watch.js'

/** An engine that does nothing but be there. */
async function createEngine(status = 200) {
  const folder = await mkdtemp(join(tmpdir(), 'rgrid-engine-'))
  const socketPath = join(folder, 'docker.sock')
  const streams = new Set<ServerResponse>()
  const paths: string[] = []
  let answer = status
  const server = createServer((request, response) => {
    paths.push(request.url ?? '')
    response.writeHead(answer)
    if (answer !== 200) return void response.end('no')
    response.flushHeaders()
    streams.add(response)
    response.once('close', () => streams.delete(response))
  })
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await rm(folder, { recursive: true })
  })
  const onImages = vi.fn()
  const watch = watchEngine({ socketPath }, onImages)
  onTestFinished(() => watch.close())
  return {
    watch,
    onImages,
    paths,
    streams,
    setStatus: (next: number) => (answer = next),
    stop: () => server.closeAllConnections(),
    /** Resolves when a connection is held, which is the one of that number. */
    isHeld: (number = 1) =>
      expect.poll(() => [paths.length, streams.size], { timeout: 5_000 }).toEqual([number, 1]),
  }
}

test('holds one connection, on which only images are told of', async () => {
  const { isHeld, paths, watch } = await createEngine()
  const since = performance.now()
  await isHeld()

  expect(paths).toHaveLength(1)
  const filters = new URL(paths[0] ?? '', 'http://engine').searchParams.get('filters')
  expect(JSON.parse(filters ?? '')).toMatchObject({
    type: ['image'],
    event: expect.arrayContaining(['tag']) as unknown,
  })
  expect([watch.brokeSince(since), await watch.breaksWithin(50)]).toEqual([false, false])
})

test('tells of a break, and since when', async () => {
  const { isHeld, watch, stop } = await createEngine()
  await isHeld()
  const before = performance.now()
  const breaks = watch.breaksWithin(5_000)
  stop()

  expect(await breaks).toBe(true)
  expect([watch.brokeSince(before), watch.brokeSince(performance.now() + 1)]).toEqual([true, false])
})

test('holds on again after a break', async () => {
  const { isHeld, watch, stop, paths } = await createEngine()
  await isHeld()
  for (const number of [2, 3, 4]) {
    const breaks = watch.breaksWithin(5_000)
    stop()
    expect(await breaks).toBe(true)
    await isHeld(number)
  }

  expect(paths).toHaveLength(4)
  expect(watch.brokeSince(performance.now())).toBe(false)
})

test('tells of images at each connection, and whenever the engine does', async () => {
  const { isHeld, watch, onImages, streams, stop } = await createEngine()
  await isHeld()
  await expect.poll(() => onImages.mock.calls.length).toBe(1)
  for (const stream of streams) stream.write('{"Type":"image","Action":"tag"}\n')
  await expect.poll(() => onImages.mock.calls.length).toBe(2)
  const breaks = watch.breaksWithin(5_000)
  stop()
  await breaks

  await expect.poll(() => onImages.mock.calls.length, { timeout: 5_000 }).toBe(3)
})

test('takes an engine in trouble for a broken one, until it is well again', async () => {
  const { streams, watch, onImages, setStatus } = await createEngine(500)
  const broke = await watch.breaksWithin(5_000)
  const told = onImages.mock.calls.length
  setStatus(200)
  await expect.poll(() => streams.size, { timeout: 5_000 }).toBe(1)

  expect([broke, told, await watch.breaksWithin(100)]).toEqual([true, 0, false])
})

test('lets go when it is closed', async () => {
  const { isHeld, watch, streams, paths } = await createEngine()
  await isHeld()
  watch.close()

  await expect.poll(() => streams.size, { timeout: 5_000 }).toBe(0)
  expect([await watch.breaksWithin(100), paths.length]).toEqual([false, 1])
})
