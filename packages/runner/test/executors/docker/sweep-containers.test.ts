import Docker from 'dockerode'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { LABELS } from '../../../src/executors/docker/container-policy.js'
import { DEFAULT_SOCKET_PATH } from '../../../src/executors/docker/is-engine-answering.js'
import { removeTree } from '../../../src/executors/docker/remove-tree.js'
import { sweepContainers } from '../../../src/executors/docker/sweep-containers.js'
import { requireDocker } from '../require-docker.js'
import { createTestDirectory } from '../test-directory.js'
import { refuseToRemove } from './refuse-to-remove.js'

vi.mock('../../../src/executors/docker/remove-tree.js', async (importActual) => {
  const actual = await importActual<{ removeTree: typeof removeTree }>()
  return { ...actual, removeTree: vi.fn(actual.removeTree) }
})

const docker = new Docker({ socketPath: DEFAULT_SOCKET_PATH })

/** What a killed runner left: containers of one instance, each with its directory. */
function createLeftovers() {
  const instance = `sweep-${randomUUID()}`
  const root = createTestDirectory(onTestFinished)
  const warnings: string[] = []
  const logger = { info: () => undefined, warn: (message: string) => void warnings.push(message) }
  const leave = async () => {
    const home = join(root, randomUUID())
    mkdirSync(join(home, 'rgrid'), { recursive: true })
    const container = await docker.createContainer({
      Image: 'rgrid-test/python',
      Cmd: ['true'],
      Labels: { [LABELS.instance]: instance },
      HostConfig: { Mounts: [{ Type: 'bind', Source: join(home, 'rgrid'), Target: '/rgrid' }] },
    })
    onTestFinished(() => container.remove({ force: true }).catch(() => undefined))
    const isThere = async () => [await exists(container.id), existsSync(home)]
    return { id: container.id, home, isThere }
  }
  const leaveLabelled = async (place: string) => {
    const container = await docker.createContainer({
      Image: 'rgrid-test/python',
      Cmd: ['true'],
      Labels: { [LABELS.instance]: instance, [LABELS.place]: place },
    })
    onTestFinished(() => container.remove({ force: true }).catch(() => undefined))
  }
  const sweep = (places = root) =>
    sweepContainers({
      connect: async () => docker,
      address: { socketPath: DEFAULT_SOCKET_PATH },
      instance,
      root: places,
      isOurs: () => false,
      logger,
    })
  return { leave, leaveLabelled, sweep, warnings, root }
}

const exists = (id: string): Promise<boolean> =>
  docker
    .getContainer(id)
    .inspect()
    .then(
      () => true,
      () => false,
    )

describe.skipIf(!(await requireDocker()))('a sweep', () => {
  test('removes the others, and says which container stays and why', async () => {
    const { leave, sweep, warnings } = createLeftovers()
    const left = [await leave(), await leave(), await leave()] as const
    const [, stuck] = left
    const { Name } = await docker.getContainer(stuck.id).inspect()
    onTestFinished(refuseToRemove(docker, stuck.id))

    const isDone = await sweep()

    expect(isDone).toBe(false)
    expect(await Promise.all(left.map((each) => each.isThere()))).toEqual([
      [false, false],
      [true, true],
      [false, false],
    ])
    expect(warnings).toEqual([
      `the container ${Name} that an earlier runner left stays: driver "overlay2" failed: device or resource busy`,
    ])
  })

  test('removes what stayed once the engine does', async () => {
    const { leave, sweep, warnings } = createLeftovers()
    const stuck = await leave()
    const allow = refuseToRemove(docker, stuck.id)
    await sweep()
    allow()

    const isDone = await sweep()

    expect([isDone, await stuck.isThere(), warnings.length]).toEqual([true, [false, false], 1])
  })

  test('removes the others, and says which directory stays and why', async () => {
    const { leave, sweep, warnings, root } = createLeftovers()
    const [first, second] = [await leave(), await leave()]
    mkdirSync(join(root, 'third'))
    vi.mocked(removeTree).mockRejectedValueOnce(new Error('rm: cannot remove:\nOperation not permitted'))

    const [isDone, thenIsDone] = [await sweep(), await sweep()]

    expect([isDone, thenIsDone]).toEqual([false, true])
    expect(await Promise.all([first, second].map((each) => each.isThere()))).toEqual([
      [false, false],
      [false, false],
    ])
    expect(warnings).toEqual([
      expect.stringMatching(
        `^the directory ${root}/[\\w-]+ that an earlier runner left stays: rm: cannot remove: Operation not permitted$`,
      ),
    ])
  })

  test('removes the directory that a label names, and none that is not one of a place', async () => {
    const { sweep, root, leaveLabelled } = createLeftovers()
    const place = 'rgrid-exec_1-1'
    for (const label of [place, '../other', '..', '']) await leaveLabelled(label)
    vi.mocked(removeTree).mockClear()
    vi.mocked(removeTree).mockResolvedValue(undefined)
    onTestFinished(() => void vi.mocked(removeTree).mockReset())

    await sweep(join(root, 'nowhere'))

    expect(vi.mocked(removeTree).mock.calls).toEqual([[join(root, 'nowhere', place)]])
  })
})
