import Docker from 'dockerode'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { DEFAULT_SOCKET_PATH } from '../../src/executors/docker/is-engine-answering.js'
import type { ContractContext } from './contract/contract-context.js'
import { createExecutor, createInstance, startScript } from './contract/start-script.js'
import { createTestExecutor, requireDocker, TEST_RUNTIMES } from './require-docker.js'
import { createTestDirectory } from './test-directory.js'

type OnTestFinished = ContractContext['onTestFinished']

const docker = new Docker({ socketPath: DEFAULT_SOCKET_PATH })
const PYTHON = 'rgrid-test/python'
const NODE = 'rgrid-test/node'

/** A tag that no other test has, and that goes with the test. */
function createTag(onTestFinished: OnTestFinished) {
  const name = `rgrid-test/moving-${createInstance()}`
  const remove = () => docker.getImage(name).remove()
  onTestFinished(() => void remove().catch(() => undefined))
  return {
    name,
    remove,
    leadTo: (image: string) => docker.getImage(image).tag({ repo: name, tag: 'latest' }),
  }
}

const nameImage = async (image: string): Promise<string> =>
  `docker ${(await docker.getImage(image).inspect()).Id}`

/** An executor whose runtime `perl5` is of an image, and what it was heard to say. */
function createWatched(onTestFinished: OnTestFinished, image: string) {
  const runtimes = { ...TEST_RUNTIMES, perl5: { ...TEST_RUNTIMES['perl5'], image } } as typeof TEST_RUNTIMES
  const context: ContractContext = {
    onTestFinished,
    create: (instance, directory) => createTestExecutor(instance, directory, { runtimes }),
    countLeft: () => Promise.reject(new Error('is not asked')),
  }
  const executor = createExecutor(context)
  const onChange = vi.fn()
  const stop = executor.watchEnvironments(onChange)
  onTestFinished(stop)
  /** Does something, and resolves when the executor has told of it. */
  const untilTold = async (act: () => Promise<unknown>): Promise<void> => {
    const before = onChange.mock.calls.length
    await act()
    await vi.waitFor(() => expect(onChange.mock.calls.length).toBeGreaterThan(before))
  }
  return { context, executor, onChange, stop, untilTold }
}

describe.skipIf(!(await requireDocker()))('what scripts run in with Docker', () => {
  it('is told to have changed when a name leads elsewhere, and listed so', async ({ onTestFinished }) => {
    const tag = createTag(onTestFinished)
    const { executor, untilTold } = createWatched(onTestFinished, tag.name)
    const listed: (string | undefined)[][] = []
    const list = async (): Promise<void> => {
      const { runtimes, images } = await executor.listEnvironments()
      listed.push([runtimes['perl5'], images[tag.name], images[`docker.io/${tag.name}:latest`]])
    }
    await untilTold(async () => undefined)
    await list()
    for (const change of [() => tag.leadTo(PYTHON), () => tag.leadTo(NODE), tag.remove]) {
      await untilTold(change)
      await list()
    }

    const [python, node] = await Promise.all([PYTHON, NODE].map((image) => nameImage(image)))
    const all = (name: string | undefined) => [name, name, name]
    expect(listed).toEqual([all(undefined), all(python), all(node), all(undefined)])
  })

  it('is at once what the next script runs in', async ({ onTestFinished }) => {
    const tag = createTag(onTestFinished)
    const { context, executor, untilTold } = createWatched(onTestFinished, tag.name)
    const said: string[] = []
    for (const image of [PYTHON, NODE]) {
      await untilTold(() => tag.leadTo(image))
      const { place } = await startScript(context, '', { executor, image: tag.name })
      said.push(place.environment)
    }

    expect(said).toEqual([await nameImage(PYTHON), await nameImage(NODE)])
  })

  it('is not told any more to who has stopped to watch', async ({ onTestFinished }) => {
    const tag = createTag(onTestFinished)
    const { executor, onChange, stop, untilTold } = createWatched(onTestFinished, tag.name)
    await untilTold(async () => undefined)
    const others = vi.fn()
    onTestFinished(executor.watchEnvironments(others))
    stop()
    const before = onChange.mock.calls.length
    await tag.leadTo(PYTHON)
    await vi.waitFor(() => expect(others).toHaveBeenCalled())

    expect(onChange).toHaveBeenCalledTimes(before)
  })

  it('is made ready once, however often the runner says what it has', async ({ onTestFinished }) => {
    const warnings: string[] = []
    const image = 'localhost:1/absent'
    const executor = createTestExecutor(createInstance(), createTestDirectory(onTestFinished), {
      prePull: true,
      runtimes: { ...TEST_RUNTIMES, python: { ...TEST_RUNTIMES.python, image } },
      logger: { info: () => undefined, warn: (message) => warnings.push(message) },
    })
    onTestFinished(() => executor.close())
    await executor.describe()
    await vi.waitFor(() => expect(warnings).toHaveLength(1), 10_000)
    await executor.describe()
    await sleep(300)

    expect(warnings).toEqual([expect.stringContaining(image)])
  })
})
