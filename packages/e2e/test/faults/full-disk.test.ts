import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openProcessServer } from './support/process-server.js'

const SHORTAGE = '1,203 MiB of disk are free, 2,048 have to stay so'
const SOON = { timeout: 20_000, interval: 100 }

/** A server and a runner whose disk has as much room as the test says. */
async function openFull(measure: () => number) {
  const directory = mkdtempSync(join(tmpdir(), 'rgrid-full-'))
  const client = await openProcessServer({
    directory,
    name: 'full',
    minFreeDiskMib: 2_048,
    measureFreeMib: async () => measure(),
  })
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
