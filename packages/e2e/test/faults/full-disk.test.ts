import { createProcessExecutor, createRunner } from '@rgrid/runner'
import { createClient } from '@rgrid/sdk'
import { createDiskBlobs, createServer, createSqliteStore, listen } from '@rgrid/server'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

const SHORTAGE = '1,203 MiB of disk are free, 2,048 have to stay so'
const SOON = { timeout: 20_000, interval: 100 }

/** A server and a runner whose disk has as much room as the test says. */
async function openFull(measure: () => number) {
  const directory = mkdtempSync(join(tmpdir(), 'rgrid-full-'))
  const store = createSqliteStore({ path: join(directory, 'rgrid.db') })
  const blobs = createDiskBlobs({ directory: join(directory, 'blobs') })
  const server = createServer({ store, blobs, allowProcess: true })
  const { url, close } = await listen(server, { port: 0 })
  const workDirectory = join(directory, 'runner')
  const instance = `full-${process.pid}`
  const runner = createRunner({
    url,
    apiKey: server.grant({ scopes: ['runner'] }),
    executors: [createProcessExecutor({ instance, workDirectory, cacheDirectory: join(directory, 'cache') })],
    workDirectory,
    name: 'full',
    minFreeDiskMib: 2_048,
    measureFreeMib: async () => measure(),
  })
  const client = createClient({ url, apiKey: server.grant({ scopes: ['submit', 'read'] }) })
  onTestFinished(async () => {
    await client.close()
    await runner.stop()
    await close()
    await server.close()
    await rm(directory, { recursive: true })
  })
  writeFileSync(join(directory, 'hello.sh'), 'echo hello')
  await runner.start()
  return { client, cwd: directory }
}

test('a runner whose disk is full says so, and claims again when there is room', async () => {
  let freeMib = 1_203
  const { client, cwd } = await openFull(() => freeMib)
  const told = new Set<string | null>()
  await expect.poll(async () => (await client.runners())[0]?.holdsBack, SOON).toBe(SHORTAGE)

  const execution = client.run('hello.sh', { cwd })
  execution.onStatus((_status, message) => void told.add(message))
  const reason = `no runner that fits claims anything now: full: ${SHORTAGE}`
  await expect.poll(() => [...told], SOON).toContain(reason)
  const { status, message } = await client.get(execution.id)
  freeMib = 2_048
  const result = await execution

  expect([status, message]).toEqual(['queued', reason])
  expect([result.status, result.stdout]).toEqual(['completed', 'hello\n'])
  expect(await client.runners()).toMatchObject([{ name: 'full', holdsBack: null }])
})
