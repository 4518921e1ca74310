import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { getContainerUser } from '../../../../src/executors/docker/container-user.js'
import { PROBE_LABEL, withProbeContainer } from '../../../../src/executors/docker/images/probe-container.js'
import { withTemporary } from '../../../../src/executors/docker/images/temporaries.js'
import { createTraces } from '../../../../src/executors/docker/images/traces.js'
import { DEFAULT_SOCKET_PATH } from '../../../../src/executors/docker/is-engine-answering.js'
import { requireDocker } from '../../require-docker.js'
import { refuseToRemove } from '../refuse-to-remove.js'
import { docker, listen, makeStore } from './make-store.js'

const BARE = 'rgrid-test/python-bare'

const listProbes = async (instance: string): Promise<string[]> => {
  const filters = { label: [`${PROBE_LABEL}=${instance}`] }
  return (await docker.listContainers({ all: true, filters })).map(({ Id }) => Id)
}

/** Leaves an image half prepared, as a runner of an instance does that is killed: nothing of it is ever gone on with. */
async function leave(instance: string, cacheDirectory: string): Promise<void> {
  const traces = createTraces(instance)
  const context = {
    docker,
    address: { socketPath: DEFAULT_SOCKET_PATH },
    user: getContainerUser(),
    traces,
    signal: AbortSignal.timeout(60_000),
  }
  await mkdir(join(cacheDirectory, 'pycache'))
  await new Promise((resolve, reject) => {
    const half = withTemporary(traces, join(cacheDirectory, 'pycache', 'image'), async (source) => {
      await mkdir(source)
      const mount = { source, target: '/rgrid-pycache', isReadOnly: false }
      const probe = { imageId: BARE, command: ['sleep', '60'], mount, deadlineMs: 60_000 }
      await withProbeContainer(context, probe, async (container) => {
        onTestFinished(() => container.remove({ force: true }).catch(() => undefined))
        resolve(await container.start())
        await new Promise(() => undefined)
      })
    })
    half.catch(reject)
  })
}

describe.skipIf(!(await requireDocker()))('a sweep of preparations', () => {
  it('removes the container and the files of one that an earlier life did not end', async () => {
    const instance = `sweep-${process.pid}-own`
    const { store, cacheDirectory } = await makeStore({ instance })
    await leave(instance, cacheDirectory)
    const before = await readdir(join(cacheDirectory, 'pycache'))

    const isDone = await store.sweep()

    expect([before.length, isDone]).toEqual([1, true])
    expect([await listProbes(instance), await readdir(join(cacheDirectory, 'pycache'))]).toEqual([[], []])
  })

  it('keeps the files of a container that the engine does not remove', async () => {
    const instance = `sweep-${process.pid}-stuck`
    const { store, cacheDirectory, warnings } = await makeStore({ instance })
    await leave(instance, cacheDirectory)
    const [stuck = ''] = await listProbes(instance)
    const allow = refuseToRemove(docker, stuck)
    onTestFinished(allow)

    const isDone = await store.sweep()
    const kept = await readdir(join(cacheDirectory, 'pycache'))
    allow()
    const thenIsDone = await store.sweep()

    expect([isDone, kept.length, thenIsDone]).toEqual([false, 1, true])
    expect(warnings).toEqual([expect.stringMatching(/^the container \/rgrid-probe-[\w-]+ .* stays: /)])
    expect([await listProbes(instance), await readdir(join(cacheDirectory, 'pycache'))]).toEqual([[], []])
  })

  it.for(['the same', 'another'])('does not touch what is under way when %s runner sweeps', async (whose) => {
    const instance = `sweep-${process.pid}-live`
    const { store, cacheDirectory } = await makeStore({ instance })
    const { store: another } = await makeStore({ cacheDirectory })
    const sweeping = whose === 'the same' ? store : another
    const create = docker.createContainer.bind(docker)
    // Between the moment that the engine makes a container and the one that its answer arrives.
    const spy = vi.spyOn(docker, 'createContainer').mockImplementation(async (options) => {
      const container = await create(options)
      await sweeping.sweep()
      return container
    })
    onTestFinished(() => spy.mockRestore())

    const image = await store.ensure(BARE, listen())

    expect(image).toMatchObject({ hasShell: true, sharesFifos: true })
    expect(await readdir(image.pycacheDirectory ?? '')).toContain('usr')
    expect(spy.mock.calls.length).toBeGreaterThanOrEqual(3)
  })
})
