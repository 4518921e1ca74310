import { startRunner } from '@rgrid/embedded'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { hasDocker } from '../support/requirements.js'
import { createStranger, getHome, getState, remove, type ListedContainer } from './support/engine.js'
import { openRefusingEngine } from './support/refusing-engine.js'
import type { RunnerProcess } from './support/runner-process.js'
import { TEST_IMAGES } from './support/test-images.js'
import { submit } from './support/work.js'
import { openWorld, type World } from './support/world.js'

/** Makes a container that is of no runner under test, whatever its labels say. */
async function makeStranger(labels: Readonly<Record<string, string>>): Promise<string> {
  const id = await createStranger({ labels })
  onTestFinished(() => remove(id))
  return id
}

const isWaiting = (container: ListedContainer): boolean =>
  container.State === 'running' && getHome(container) !== undefined
/** Whether the library of an image's Python is being compiled in a container. */
const isCompiling = ({ State, Mounts }: ListedContainer): boolean =>
  State === 'running' && Mounts.some(({ Destination }) => Destination === '/rgrid-pycache')

const CLEAN = { timeout: 20_000, interval: 100 }

describe.runIf(await hasDocker())('what runners leave', () => {
  let world: World

  beforeEach(async () => {
    vi.stubEnv('RGRID_IMAGES', TEST_IMAGES)
    world = await openWorld()
  })
  afterEach(async () => {
    vi.useRealTimers()
    vi.unstubAllEnvs()
    await world.close()
  })

  const startWarm = async (of = world): Promise<RunnerProcess> => {
    const runner = await of.startRunner()
    await runner.claims
    await expect.poll(() => listWaiting(of), CLEAN).not.toEqual([])
    return runner
  }
  const listWaiting = async (of = world): Promise<string[]> =>
    (await of.listContainers()).filter(isWaiting).map(({ Id }) => Id)

  test('containers that wait for scripts are gone after the next start, if they were killed', async () => {
    const first = await startWarm()
    await first.kill()
    const before = await listWaiting()

    const second = await startWarm()

    expect(before).not.toEqual([])
    expect(await Promise.all(before.map(getState))).toEqual(before.map(() => undefined))
    await vi.waitFor(async () => expect(await world.findLeft(second)).toEqual([]), CLEAN)
  })

  test('a shared container that stands still is gone after the next start, if they were killed', async () => {
    const first = await startWarm()
    const cwd = join(world.directory, 'shared')
    mkdirSync(cwd)
    writeFileSync(join(cwd, 'hello.sh'), 'echo hello')
    const { status } = await world.client.run('hello.sh', { cwd, isolation: 'shared', memoryMib: 128 })

    const isShared = ({ Command }: ListedContainer): boolean => Command.endsWith(' shared')
    const frozen = (await world.listContainers()).filter(isShared).map(({ Id }) => Id)
    await first.kill()

    const second = await startWarm()

    expect([status, frozen.length]).toEqual(['completed', 1])
    expect(await Promise.all(frozen.map(getState))).toEqual([undefined])
    await vi.waitFor(async () => expect(await world.findLeft(second)).toEqual([]), CLEAN)
  })

  test('what they made to prepare an image is gone after the next start, if they were killed', async () => {
    const newImage = await world.makeImage()
    const first = await startWarm()
    const [instance = ''] = world.listInstances()
    const context = { client: world.client, directory: world.directory, ...world.canary, newImage }
    const work = submit(context, 'newcomer', 'one ')
    await expect.poll(async () => (await world.listContainers()).some(isCompiling), CLEAN).toBe(true)
    await first.kill()
    const probes = (await world.listContainers()).filter(isCompiling).map(({ Id }) => Id)
    const temporaries = world.listTemporaries(instance)

    const second = await startWarm()

    expect([probes.length, temporaries.length]).toEqual([1, 1])
    expect(await Promise.all(probes.map(getState))).toEqual([undefined])
    expect(world.listTemporaries(instance)).toEqual([])
    expect(await work.execution).toMatchObject({ status: 'completed', stdout: work.stdout })
    await vi.waitFor(async () => expect(await world.findLeft(second)).toEqual([]), CLEAN)
  })

  test('nothing, if they were asked to stop, and the script that ran is over', async () => {
    const runner = await startWarm()
    const work = submit(
      { client: world.client, directory: world.directory, ...world.canary },
      'talker',
      'one ',
    )
    await expect.poll(() => world.canary.countStarts(work.execution.id), CLEAN).toBe(1)

    const code = await runner.stop()
    const { status, stdout } = await work.execution

    expect([code, status, stdout]).toEqual([0, 'completed', work.stdout])
    expect(await world.listContainers()).toEqual([])
    expect(await world.findLeft()).toEqual([])
  })

  test('is not touched by runners with another data directory', async () => {
    const other = await openWorld()
    try {
      const neighbour = await startWarm(other)
      await vi.waitFor(async () => expect(await other.findLeft(neighbour)).toEqual([]), CLEAN)
      const theirs = await listWaiting(other)
      const first = await startWarm()
      await first.kill()
      const second = await startWarm()
      await vi.waitFor(async () => expect(await world.findLeft(second)).toEqual([]), CLEAN)
      await second.stop()

      expect(await Promise.all(theirs.map(getState))).toEqual(theirs.map(() => 'running'))
    } finally {
      await other.close()
    }
  })

  test('is removed within a minute by a runner beside them that lives on', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const { server, directory } = world
    const dataDirectory = join(directory, 'data')
    const living = await startRunner({ url: server.url, apiKey: server.keys.runner, dataDirectory })
    try {
      const killed = await startWarm()
      await killed.kill()
      const [instance = ''] = world.listInstances().filter((name) => name.startsWith(`${killed.pid}-`))
      const left = await makeStranger({ 'rgrid.instance': instance })
      const other = await makeStranger({ 'rgrid.instance': 'another' })

      vi.advanceTimersByTime(60_000)

      await vi.waitFor(async () => expect(await getState(left)).toBe(undefined), CLEAN)
      await vi.waitFor(() => expect(world.listInstances()).not.toContain(instance), CLEAN)
      expect(await getState(other)).toBe('created')
    } finally {
      await living.close()
    }
  })

  test('is removed within a minute if a busy engine made it after the next start', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const { server, directory } = world
    const killed = await startWarm()
    await killed.kill()
    const [instance = ''] = world.listInstances()
    const dataDirectory = join(directory, 'data')
    const living = await startRunner({ url: server.url, apiKey: server.keys.runner, dataDirectory })
    try {
      const late = await makeStranger({ 'rgrid.instance': instance })

      vi.advanceTimersByTime(60_000)

      await vi.waitFor(async () => expect(await getState(late)).toBe(undefined), CLEAN)
    } finally {
      await living.close()
    }
  })

  test('is told of if the engine does not remove it, and removed within a minute once it does', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const killed = await startWarm()
    await expect.poll(listWaiting, CLEAN).toHaveLength(2)
    await killed.kill()
    const [instance = ''] = world.listInstances()
    const [stuck = '', other = ''] = await listWaiting()
    const engine = await openRefusingEngine(stuck)
    onTestFinished(() => engine.close())
    vi.stubEnv('DOCKER_HOST', engine.url)
    const { server, directory } = world
    const dataDirectory = join(directory, 'data')
    const logger = { info: () => undefined, warn: vi.fn() }
    const living = await startRunner({ url: server.url, apiKey: server.keys.runner, dataDirectory, logger })
    try {
      const told = logger.warn.mock.calls.map(([message]) => String(message))
      const after = [await getState(stuck), await getState(other), world.listInstances().includes(instance)]

      engine.allow()
      vi.advanceTimersByTime(60_000)

      expect(after).toEqual(['running', undefined, true])
      expect(told).toContainEqual(
        expect.stringMatching(
          /^the container \/rgrid-waiting-\w+ that an earlier runner left stays: the container is stuck$/,
        ),
      )
      await vi.waitFor(() => expect(world.listInstances()).not.toContain(instance), CLEAN)
      expect(await getState(stuck)).toBe(undefined)
    } finally {
      await living.close()
    }
  })

  test('is removed once the engine answers, if it did not at the first start after', async () => {
    const { server, directory } = world
    const killed = await startWarm()
    await killed.kill()
    const before = await listWaiting()
    vi.stubEnv('DOCKER_HOST', 'unix:///nowhere')
    const blind = await startRunner({
      url: server.url,
      apiKey: server.keys.runner,
      dataDirectory: join(directory, 'data'),
      executors: ['process'],
      allowProcess: true,
    })
    await blind.close()
    vi.unstubAllEnvs()

    const next = await startWarm()

    expect(before).not.toEqual([])
    expect(await Promise.all(before.map(getState))).toEqual(before.map(() => undefined))
    await vi.waitFor(async () => expect(await world.findLeft(next)).toEqual([]), CLEAN)
  })

  test('is removed also when another process has the number of theirs by now', async () => {
    const instance = `${process.pid}-00000001-deadbeef`
    mkdirSync(join(world.directory, 'data', 'runners', instance, 'docker'), { recursive: true })
    const left = await makeStranger({ 'rgrid.instance': instance })

    const runner = await startWarm()

    expect(await getState(left)).toBe(undefined)
    expect(world.listInstances()).toEqual([expect.stringMatching(`^${runner.pid}-`)])
  })
})
