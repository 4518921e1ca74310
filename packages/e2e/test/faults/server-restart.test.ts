import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { hasDocker } from '../support/requirements.js'
import { submit } from './support/work.js'
import { openWorld } from './support/world.js'

describe.runIf(await hasDocker())('a server that is started again while a script runs', () => {
  test('goes on with the same attempt, which completes with its whole log', async () => {
    const world = await openWorld({ leaseMs: 12_000, leaseMarginMs: 2_000 })
    onTestFinished(() => world.close())
    const runner = await world.startRunner()
    await runner.claims
    const context = { client: world.client, directory: world.directory, ...world.canary }
    const [talker, writer] = [submit(context, 'talker', 'one '), submit(context, 'writer', 'two ')]
    await expect
      .poll(() => world.steps.hasSeen(talker.execution.id, 'logs'), { timeout: 20_000, interval: 20 })
      .toBe(true)

    await world.server.restart(() => sleep(1_500))
    const results = await Promise.all([talker.execution, writer.execution])

    expect(results.map(({ status, record: { attempt } }) => [status, attempt])).toEqual([
      ['completed', 1],
      ['completed', 1],
    ])
    expect(results.map(({ stdout }) => stdout)).toEqual([talker.stdout, writer.stdout])
    expect(results.map(({ id }) => world.canary.countStarts(id))).toEqual([1, 1])
    expect(await runner.stop()).toBe(0)
    expect(await world.findLeft()).toEqual([])
  })
})
