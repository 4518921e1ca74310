import { describe, expect, test } from 'vitest'
import { hasDocker } from '../support/requirements.js'
import {
  findWeaknesses,
  inspect,
  WEAKNESSES,
  type InspectedContainer,
  type Weakness,
} from './support/benchmark.js'
import { listContainers } from './support/engine.js'
import { createStage } from './support/stage.js'

const SOURCE = `import time; print('up', flush=True); time.sleep(30)`

type Change = (container: InspectedContainer) => object

const host = (change: Partial<InspectedContainer['HostConfig']>): Change => {
  return ({ HostConfig }) => ({ HostConfig: { ...HostConfig, ...change } })
}
const mount = (change: Partial<InspectedContainer['Mounts'][number]>): Change => {
  const added = { Source: '/tmp/x', Destination: '/x', RW: false, Propagation: 'rprivate', ...change }
  return ({ Mounts }) => ({ Mounts: [...Mounts, added] })
}
const config = (change: Partial<InspectedContainer['Config']>): Change => {
  return ({ Config }) => ({ Config: { ...Config, ...change } })
}

/** What is told of containers that are open in one way each. */
const OPEN: readonly (readonly [Weakness, Change])[] = [
  ['runs as root', config({ User: '' })],
  ['runs as root', config({ User: '0:65534' })],
  ['has capabilities', host({ CapAdd: ['NET_RAW'] })],
  ['has capabilities', host({ CapDrop: null })],
  ['is privileged', host({ Privileged: true })],
  ['sees directories of the machine', mount({ Source: '/etc' })],
  ['sees directories of the machine', mount({ Source: '/' })],
  ['has the socket of the engine', mount({ Source: '/var/run/docker.sock' })],
  ['may write to more than its directory', mount({ RW: true })],
  ['shares mounts', mount({ Propagation: 'rshared' })],
  ['has ports', config({ ExposedPorts: { '80/tcp': {} } })],
  ['has ports', host({ PublishAllPorts: true })],
  ['has no limit of memory', host({ Memory: 0, MemorySwap: 0 })],
  ['has no limit of memory', host({ MemorySwap: -1 })],
  ['has no limit of processors', host({ NanoCpus: 0 })],
  ['has no limit of processes', host({ PidsLimit: null })],
  ['has a root that can be written to', host({ ReadonlyRootfs: false })],
  ['is started again', host({ RestartPolicy: { Name: 'always' } })],
  ['has a name space of the machine', host({ PidMode: 'host' })],
  ['has a name space of the machine', host({ NetworkMode: 'host' })],
  ['shares memory', host({ IpcMode: 'shareable' })],
  ['has devices', host({ Devices: [{}] })],
  ['chooses its control group', host({ CgroupParent: '/other' })],
  ['may gain privileges', host({ SecurityOpt: ['seccomp={}'] })],
  ['has no seccomp profile of its own', host({ SecurityOpt: ['no-new-privileges'] })],
  ['has no seccomp profile of its own', host({ SecurityOpt: ['no-new-privileges', 'seccomp=unconfined'] })],
  ['uses docker0', () => ({ NetworkSettings: { Networks: { bridge: { EndpointID: 'x' } } } })],
]

const hasNetwork = ({ Config: { NetworkDisabled } }: InspectedContainer): boolean => NetworkDisabled !== true
const isShared = ({ Args }: InspectedContainer): boolean => Args.at(-1) === 'shared'
const hasShell = ({ Path }: InspectedContainer): boolean => Path === '/bin/sh'

describe.runIf(await hasDocker())('the containers of hostile scripts', () => {
  const stage = createStage()

  const inspectAll = async (): Promise<InspectedContainer[]> => {
    const listed = await listContainers(stage.world.instance)
    return Promise.all(listed.map(({ Id }) => inspect(Id)))
  }
  /** Runs a script, and looks meanwhile at all the containers that there are. */
  const inspectDuring = async (options: Parameters<typeof stage.run>[1]): Promise<InspectedContainer[]> => {
    const execution = stage.world.run(SOURCE, { cpus: 1, ...options })
    for await (const { text } of execution.logs()) if (text !== '') break
    const containers = await inspectAll()
    await execution.cancel()
    await stage.finish(execution)
    return containers
  }

  test.for([
    ['without a network', {}, (container: InspectedContainer) => !hasNetwork(container)],
    ['that are shared', { isolation: 'shared' }, isShared],
    [
      'without a shell',
      { image: 'rgrid-test/python-distroless' },
      (container: InspectedContainer) => !hasShell(container),
    ],
  ] as const)('H49: %s are open in no way that the benchmark knows', async ([, options, isOne]) => {
    const containers = await inspectDuring(options)

    expect(containers.some(isOne)).toBe(true)
    expect(containers.filter((each) => !hasNetwork(each)).flatMap(findWeaknesses)).toEqual([])
  })

  test('H49: with a network are open in that alone', async () => {
    const containers = (await inspectDuring({ network: 'bridge' })).filter(hasNetwork)

    expect(containers.length).toBeGreaterThan(0)
    expect([...new Set(containers.flatMap(findWeaknesses))]).toEqual(['uses docker0'])
  })

  test('H49: would be found out in each of these ways', async () => {
    const [closed] = (await inspectAll()).filter((each) => !hasNetwork(each))
    if (closed === undefined) throw new Error('there is no container')

    const found = OPEN.map(([, change]) => findWeaknesses({ ...closed, ...change(closed) }))

    expect(found).toEqual(OPEN.map(([weakness]): unknown => expect.arrayContaining([weakness])))
    expect(WEAKNESSES.filter((each) => !OPEN.some(([weakness]) => weakness === each))).toEqual([])
  })
})
