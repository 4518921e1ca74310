import { expect, test } from 'vitest'
import { createInstallerOptions } from '../../src/dependencies/installer-container.js'
import { createContainerOptions } from '../../src/executors/docker/container-policy.js'
import { createTestShape } from '../executors/docker/test-shape.js'

const user = { uid: 1000, gid: 1000, isForeign: false }
const engineRuntime = 'runsc'

const createInstaller = () =>
  createInstallerOptions({
    name: 'installer',
    instance: 'test',
    image: 'python',
    user,
    sources: { deps: '/d', control: '/n', cache: '/c', scratch: '/s' },
    uv: undefined,
    memoryMib: 2048,
    pids: 512,
    network: 'bridge',
    engineRuntime,
  })

const createScript = () =>
  createContainerOptions(createTestShape('python'), {
    name: 'script',
    labels: {},
    user,
    entrypoint: ['/bin/sh'],
    workDir: '/w',
    mountDir: '/m',
    ownPids: 1,
    hasInit: true,
    engineRuntime,
  })

test('an installer is held to what scripts are held to, but for its limits and its network', () => {
  const { Memory, MemorySwap, PidsLimit, NetworkMode, Mounts, Ulimits, ...same } =
    createInstaller().HostConfig ?? {}

  expect(createScript().HostConfig).toMatchObject(same)
  expect([Memory, MemorySwap, PidsLimit]).toEqual([2 ** 31, 2 ** 31, 512])
  expect(NetworkMode).toBe('bridge')
  expect(Ulimits?.map(({ Name }) => Name)).toEqual(['core', 'nofile'])
  expect(Mounts?.map(({ Target, ReadOnly }) => [Target, ReadOnly])).toEqual([
    ['/deps', false],
    ['/rgrid-cache', false],
    ['/rgrid-scratch', false],
    ['/rgrid-install', true],
  ])
})

test('neither has a variable that the engine would show', () => {
  expect([createInstaller(), createScript()].map(({ Env }) => Env)).toEqual([[], []])
})
