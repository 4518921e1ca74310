import { createExecutors } from '@rgrid/embedded'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { hasDocker } from '../support/requirements.js'
import { askEngine, createStranger, getInstance, getState, listContainers, remove } from './support/engine.js'
import { TEST_IMAGES } from './support/test-images.js'

const SOON = { timeout: 20_000, interval: 100 }

/** Makes an executor as a runner has it, and waits until containers wait in it. */
async function openExecutor() {
  vi.stubEnv('RGRID_IMAGES', TEST_IMAGES)
  const instance = `faults-${randomUUID()}`
  const directory = mkdtempSync(join(tmpdir(), 'rgrid-faults-'))
  const directories = { workDirectory: directory, cacheDirectory: join(tmpdir(), 'rgrid-test-cache') }
  const [executor] = await createExecutors({ instance, executors: ['docker'], keepWarm: true }, directories)
  if (executor === undefined) throw new Error('there is no executor')
  onTestFinished(async () => {
    vi.unstubAllEnvs()
    await executor.close()
    await rm(directory, { recursive: true })
  })
  const listWaiting = async (): Promise<string[]> =>
    (await listContainers())
      .filter((container) => getInstance(container) === instance && container.State === 'running')
      .map(({ Id }) => Id)
  await executor.describe()
  await expect.poll(listWaiting, SOON).not.toEqual([])
  return { executor, instance, homes: join(directory, 'docker', 'containers') }
}

/** Leaves a container of an instance with its directory, as a runner that was killed does. */
async function leave(instance: string, homes: string, options: Parameters<typeof createStranger>[0] = {}) {
  const home = join(homes, randomUUID())
  for (const name of ['rgrid', 'work']) mkdirSync(join(home, name), { recursive: true })
  const mounts = [{ Type: 'bind', Source: join(home, 'rgrid'), Target: '/rgrid', ReadOnly: true }]
  const id = await createStranger({
    ...options,
    labels: { 'rgrid.instance': instance },
    hostConfig: { ...options.hostConfig, Mounts: mounts },
  })
  onTestFinished(() => remove(id))
  return { id, home }
}

const post = (id: string, verb: string): Promise<string> => askEngine('POST', `/containers/${id}/${verb}`)

/** What a killed runner may leave, by the state that the engine tells. */
const STATES = {
  created: {},
  exited: { command: ['true'], then: (id: string) => post(id, 'start') },
  running: { then: (id: string) => post(id, 'start') },
  paused: { then: (id: string) => post(id, 'start').then(() => post(id, 'pause')) },
  restarting: {
    command: ['false'],
    hostConfig: { RestartPolicy: { Name: 'always' } },
    then: (id: string) => post(id, 'start'),
  },
} as const

describe.runIf(await hasDocker())('the sweep of every minute', () => {
  test.for(Object.keys(STATES) as (keyof typeof STATES)[])(
    'removes what is %s, with its directory',
    async (state) => {
      const { executor, instance, homes } = await openExecutor()
      const { then = () => undefined, ...options }: { then?: (id: string) => unknown } = STATES[state]
      const { id, home } = await leave(instance, homes, options)
      await then(id)
      await expect.poll(() => getState(id), SOON).toBe(state)

      await executor.sweep()

      expect([await getState(id), existsSync(home)]).toEqual([undefined, false])
    },
  )

  test('leaves alone what waits for scripts, and what others have', async () => {
    const { executor, instance, homes } = await openExecutor()
    const waiting = (await listContainers()).filter((container) => getInstance(container) === instance)
    const strangers = [(await leave('another', homes)).id, await createStranger({})]
    onTestFinished(() => Promise.all(strangers.map(remove)).then(() => undefined))

    await executor.sweep()
    await executor.sweep()

    expect(await Promise.all(waiting.map(({ Id }) => getState(Id)))).toEqual(waiting.map(() => 'running'))
    expect(await Promise.all(strangers.map(getState))).toEqual(['created', 'created'])
  })
})
