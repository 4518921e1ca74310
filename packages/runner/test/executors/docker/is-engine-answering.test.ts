import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import type { EngineAddress } from '../../../src/executors/docker/engine-address.js'
import { isEngineAnswering } from '../../../src/executors/docker/is-engine-answering.js'

async function listen(status: number | undefined): Promise<EngineAddress> {
  const folder = await mkdtemp(join(tmpdir(), 'rgrid-socket-'))
  const server = createServer((_, response) => {
    if (status !== undefined) response.writeHead(status).end('OK')
  })
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await rm(folder, { recursive: true })
  })
  const path = join(folder, 'docker.sock')
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return { socketPath: path }
}

it('is true of an engine', async () => {
  expect(await isEngineAnswering(await listen(200))).toBe(true)
})

it('is false where nothing listens', async () => {
  expect(await isEngineAnswering({ socketPath: '/nonexistent/docker.sock' })).toBe(false)
})

it('is false of something that does not answer, soon', async () => {
  expect(await isEngineAnswering(await listen(undefined), 50)).toBe(false)
})

it('is false of an engine in trouble', async () => {
  expect(await isEngineAnswering(await listen(500))).toBe(false)
})
