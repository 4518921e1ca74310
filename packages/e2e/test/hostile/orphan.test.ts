import { describe, expect, onTestFinished, test } from 'vitest'
import { hasDocker } from '../support/requirements.js'
import { listContainers } from './support/engine.js'
import { openWorld } from './support/world.js'

// It goes on reporting what ran until the lease is over.
const WITHIN = { timeout: 60_000, interval: 100 }

describe.runIf(await hasDocker())('a runner whose tests were killed', () => {
  test('ends by itself, and leaves no container', async () => {
    const world = await openWorld()
    onTestFinished(() => world.close())
    const execution = world.run(`print('up', flush=True)\nimport time; time.sleep(60)`, { timeoutMs: 90_000 })
    execution.catch(() => undefined)
    for await (const { text } of execution.logs()) if (text !== '') break
    const before = await listContainers(world.instance)

    await world.vanish()

    expect(before.length).toBeGreaterThan(0)
    await expect.poll(() => world.runner.isAlive(), WITHIN).toBe(false)
    expect(await listContainers(world.instance)).toEqual([])
  })
})
