import type { Environments } from '@rgrid/protocol'
import type { Fetch } from '@rgrid/protocol/client'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { createRunner } from '../src/create-runner.js'
import type { Executor } from '../src/executors/executor.js'
import { createTestDirectory } from './executors/test-directory.js'

afterEach(() => void vi.useRealTimers())

/** A server that has no work, and what runners tell it that their scripts run in. */
function createServer() {
  const told: unknown[] = []
  const fetch: Fetch = async (url, { body, signal }) => {
    if (url.endsWith('/claims')) {
      await sleep(60_000, undefined, { ...(signal === undefined ? {} : { signal }) })
      return Response.json({ claims: [] })
    }
    const { environments } = (await new Response(body ?? null).json()) as { environments: Environments[] }
    told.push(environments[0]?.runtimes['python'])
    return Response.json({ leaseMs: 60_000, longPollMs: 60_000, logBytes: 1_000 })
  }
  return { told, fetch }
}

/** A runner that claims, over an executor whose scripts run in what the test says. */
async function startRunner() {
  const { told, fetch } = createServer()
  const listeners = new Set<() => void>()
  const inside = { environment: 'process 1' }
  const executor = {
    name: 'process',
    describe: async () => [
      { executor: 'process', runtimes: ['python'], details: {}, resources: null, networks: [], images: [] },
    ],
    listEnvironments: async () => ({
      executor: 'process',
      runtimes: { python: inside.environment },
      images: {},
    }),
    watchEnvironments(listener: () => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    findOrphans: async () => [],
    getPoolStats: () => undefined,
    sweep: async () => true,
    close: async () => undefined,
  } as unknown as Executor
  const workDirectory = createTestDirectory(onTestFinished)
  const runner = createRunner({
    url: 'http://test',
    apiKey: 'sk_test',
    executors: [executor],
    workDirectory,
    fetch,
  })
  onTestFinished(() => runner.stop())
  await runner.start()
  return { runner, told, listeners, inside }
}

test('a runner tells at once when its scripts run in something else', async () => {
  const { told, listeners, inside } = await startRunner()
  inside.environment = 'process 2'
  for (const listener of listeners) listener()

  await expect.poll(() => told).toEqual(['process 1', 'process 2'])
})

test('a runner looks every ten seconds for what nothing tells of', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
  const { told, inside } = await startRunner()
  inside.environment = 'process 2'
  await vi.advanceTimersByTimeAsync(9_000)
  const before = [...told]
  await vi.advanceTimersByTimeAsync(2_000)

  await vi.waitFor(() => expect(told).toEqual(['process 1', 'process 2']))
  expect(before).toEqual(['process 1'])
})

test('a runner that has stopped watches nothing any more', async () => {
  const { runner, listeners } = await startRunner()
  const before = listeners.size
  await runner.stop()

  expect([before, listeners.size]).toEqual([1, 0])
})
