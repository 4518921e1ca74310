import Docker from 'dockerode'
import { randomUUID } from 'node:crypto'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { removeVolume } from '../../../../src/executors/docker/archive/remove-volume.js'
import { sweepVolumes } from '../../../../src/executors/docker/archive/sweep-volumes.js'
import { LABELS } from '../../../../src/executors/docker/container-policy.js'
import { DEFAULT_SOCKET_PATH } from '../../../../src/executors/docker/is-engine-answering.js'
import { requireDocker } from '../../require-docker.js'

vi.mock('../../../../src/executors/docker/archive/remove-volume.js', async (importActual) => {
  const actual = await importActual<{ removeVolume: typeof removeVolume }>()
  return { ...actual, removeVolume: vi.fn(actual.removeVolume) }
})

const docker = new Docker({ socketPath: DEFAULT_SOCKET_PATH })

/** Volumes of one instance, each of a place of its own, and what sweeps them. */
async function leaveVolumes(places: readonly string[]) {
  const instance = `sweep-${randomUUID()}`
  for (const place of places) {
    const Name = `${instance}-${place}`
    await docker.createVolume({ Name, Labels: { [LABELS.instance]: instance, [LABELS.place]: place } })
    onTestFinished(() =>
      docker
        .getVolume(Name)
        .remove()
        .catch(() => undefined),
    )
  }
  const list = async () => {
    const filters = JSON.stringify({ label: [`${LABELS.instance}=${instance}`] })
    const { Volumes } = await docker.listVolumes({ filters })
    return Volumes.map(({ Name }) => Name.slice(instance.length + 1)).sort()
  }
  const warnings: string[] = []
  const sweep = (isOurs: (directory: string) => boolean = () => false) =>
    sweepVolumes({
      connect: async () => docker,
      address: { socketPath: DEFAULT_SOCKET_PATH },
      instance,
      root: '/root-of-places',
      isOurs,
      logger: { info: () => undefined, warn: (message) => void warnings.push(message) },
    })
  return { instance, list, sweep, warnings }
}

describe.skipIf(!(await requireDocker()))('a sweep of volumes', () => {
  it('leaves those of places that are in use', async () => {
    const { list, sweep } = await leaveVolumes(['used', 'left'])

    expect(await sweep((directory) => directory === '/root-of-places/used')).toBe(true)

    expect(await list()).toEqual(['used'])
  })

  it('removes the others, and says which stays and why', async () => {
    const { list, sweep, warnings, instance } = await leaveVolumes(['a', 'b', 'c'])
    const { removeVolume: actual } = await vi.importActual<{ removeVolume: typeof removeVolume }>(
      '../../../../src/executors/docker/archive/remove-volume.js',
    )
    vi.mocked(removeVolume).mockImplementation((engine, name) =>
      name.endsWith('-b') ? Promise.reject(new Error('volume is in use')) : actual(engine, name),
    )
    onTestFinished(() => void vi.mocked(removeVolume).mockImplementation(actual))

    expect(await sweep()).toBe(false)

    expect(await list()).toEqual(['b'])
    expect(warnings).toEqual([`the volume ${instance}-b that an earlier runner left stays: volume is in use`])
  })
})
