import type { Result } from '@rgrid/sdk'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { askEngine } from '../faults/support/engine.js'
import { createProject } from '../support/project.js'
import { hasDocker } from '../support/requirements.js'
import { KINDS } from '../support/worlds.js'

const NAME = 'rgrid-test/moving'

const tag = (image: string): Promise<unknown> =>
  askEngine('POST', `/images/${encodeURIComponent(image)}/tag?repo=${encodeURIComponent(NAME)}&tag=latest`)

test.skipIf(!(await hasDocker()))(
  'the cache misses where the name of an image leads to another',
  async () => {
    const world = await KINDS.httpDocker.open()
    onTestFinished(() => world.close())
    onTestFinished(async () => void (await askEngine('DELETE', `/images/${encodeURIComponent(NAME)}`)))
    const cwd = await createProject({ 'main.sh': 'echo done' })
    const run = () => world.client.run('main.sh', { cwd, image: NAME, runtime: 'bash', cache: true })
    /** The runner hears of a change, and tells the server, within a moment. */
    const runUntil = async (holds: (result: Result) => boolean): Promise<Result> => {
      for (const until = performance.now() + 10_000; ; await sleep(50)) {
        const result = await run()
        if (holds(result) || performance.now() > until) return result
      }
    }
    await tag('rgrid-test/python')
    const first = await run()

    const second = await run()
    await tag('rgrid-test/node')
    const third = await runUntil(({ cache }) => cache?.hit === false)
    await tag('rgrid-test/python')
    const fourth = await runUntil(({ cache }) => cache?.hit === true && cache.executionId === first.id)

    expect(second.cache).toEqual({ hit: true, executionId: first.id })
    expect(third.cache).toEqual({
      hit: false,
      missReason: `the image ${NAME} is another one than ${first.id} ran in`,
    })
    expect(fourth.cache).toEqual({ hit: true, executionId: first.id })
  },
)
