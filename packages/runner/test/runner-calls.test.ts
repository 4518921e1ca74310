import { createRunnerId, type Environments, type Offer } from '@rgrid/protocol'
import type { Api, Call } from '@rgrid/protocol/client'
import { setImmediate as immediately } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import type { Executor } from '../src/executors/executor.js'
import { createRunnerCalls } from '../src/runner-calls.js'

interface Registration {
  readonly offers: readonly Offer[]
  readonly environments: readonly Environments[]
}

const createOffer = (executor: 'docker' | 'process'): Offer => ({
  executor,
  runtimes: ['python'],
  details: {},
  resources: null,
  networks: ['bridge'],
  images: [],
})

/** An executor whose scripts run in what the test says. */
function createFakeExecutor(name: 'docker' | 'process', getEnvironment: () => string) {
  const describe = vi.fn(async () => [createOffer(name)])
  const listEnvironments = vi.fn(async () => ({
    executor: name,
    runtimes: { python: getEnvironment() },
    images: {},
  }))
  return { name, describe, listEnvironments } as unknown as Executor
}

/** The calls of a runner, and what the server heard. */
function createCalls(executors: readonly Executor[], answer: () => Promise<void> = async () => undefined) {
  const heard: Registration[] = []
  const warn = vi.fn()
  const api = {
    async call(_schema: unknown, { json }: Call) {
      heard.push(json as Registration)
      await answer()
      return {}
    },
  } as unknown as Api
  const said = { id: createRunnerId(), name: 'mine', slots: 1, micronsPerHour: 0 }
  const logger = { info: () => undefined, warn }
  const calls = createRunnerCalls({
    ...{ ...said, api, executors, logger },
    signal: new AbortController().signal,
  })
  return { calls, heard, warn }
}

const docker = (runtime: string): Environments => ({
  executor: 'docker',
  runtimes: { python: runtime },
  images: {},
})

test('a registration says what scripts run in, with each executor', async () => {
  const { calls, heard } = createCalls([
    createFakeExecutor('docker', () => 'docker 1'),
    createFakeExecutor('process', () => 'process 1'),
  ])
  await calls.register()

  expect(heard[0]?.environments).toEqual([
    docker('docker 1'),
    { executor: 'process', runtimes: { python: 'process 1' }, images: {} },
  ])
})

test('a change is registered once, and what is the same is not', async () => {
  let environment = 'docker 1'
  const { calls, heard } = createCalls([createFakeExecutor('docker', () => environment)])
  await calls.register()
  await calls.registerChanges()
  environment = 'docker 2'
  await calls.registerChanges()
  await calls.registerChanges()

  expect(heard.map(({ environments }) => environments)).toEqual([[docker('docker 1')], [docker('docker 2')]])
  expect(heard[1]?.offers).toEqual([createOffer('docker')])
})

test('a change that the server did not hear of is registered the next time', async () => {
  let environment = 'docker 1'
  let isAway = false
  const { calls, heard } = createCalls([createFakeExecutor('docker', () => environment)], async () => {
    if (isAway) throw new Error('away')
  })
  await calls.register()
  ;[environment, isAway] = ['docker 2', true]
  await expect(calls.registerChanges()).rejects.toThrow('away')
  isAway = false
  await calls.registerChanges()
  await calls.registerChanges()

  expect(heard).toHaveLength(3)
})

test('registrations follow each other, so that the last word is the newest', async () => {
  let environment = 'docker 1'
  const answers: (() => void)[] = []
  const { calls, heard } = createCalls(
    [createFakeExecutor('docker', () => environment)],
    () => new Promise((resolve) => answers.push(resolve)),
  )
  const first = calls.register()
  await vi.waitFor(() => expect(answers).toHaveLength(1))
  environment = 'docker 2'
  const second = calls.registerChanges()
  await immediately()
  const meanwhile = heard.length
  answers[0]?.()
  await first
  await vi.waitFor(() => expect(answers).toHaveLength(2))
  answers[1]?.()
  await second

  expect([meanwhile, heard.length]).toEqual([1, 2])
  expect(heard[1]?.environments).toEqual([docker('docker 2')])
})

test('an executor that cannot say it is said to be as it was, and no reason not to register', async () => {
  let isAway = true
  let environment = 'docker 1'
  const { calls, heard, warn } = createCalls([
    createFakeExecutor('docker', () => {
      if (isAway) throw new Error('no engine')
      return environment
    }),
  ])
  await calls.register()
  isAway = false
  await calls.registerChanges()
  ;[isAway, environment] = [true, 'docker 2']
  await calls.registerChanges()

  expect(heard.map(({ environments }) => environments)).toEqual([[], [docker('docker 1')]])
  expect(warn).toHaveBeenCalledWith('what scripts run in on docker is not known: Error: no engine')
})

test('an executor is described while it is asked what scripts run in', async () => {
  const executor = createFakeExecutor('docker', () => 'docker 1')
  vi.mocked(executor.describe).mockReturnValue(new Promise(() => undefined))
  const { calls } = createCalls([executor])
  void calls.register()
  await immediately()

  expect(
    [executor.describe, executor.listEnvironments].map((call) => vi.mocked(call).mock.calls.length),
  ).toEqual([1, 1])
})
