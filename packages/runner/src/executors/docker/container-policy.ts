import type { ContainerCreateOptions, MountSettings } from 'dockerode'
import { getContainerUse } from '../../dependencies/layer-use.js'
import type { Layer } from '../executor.js'
import type { ContainerUser } from './container-user.js'
import { bindPath, createHardenedOptions } from './hardening.js'
import type { PreparedImage } from './images/prepared-image.js'
import type { Shape } from './shape.js'

/** What a container is made from, beside its shape. */
export interface ContainerSetup {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly user: ContainerUser
  /** What it starts with. No argument, environment value or secret of a script may be in it. */
  readonly entrypoint: readonly string[]
  /** The directory that it sees at `/work`. */
  readonly workDir: string
  /** The runner's directory that it sees at `/rgrid`. */
  readonly mountDir: string
  /** How many processes of RGrid run in it beside the script's. */
  readonly ownPids: number
  /** Whether the engine can put an init before the script. */
  readonly hasInit: boolean
  /** The engine's runtime, such as `runsc`; its default where not set. */
  readonly engineRuntime: string | undefined
}

/** The labels by which a runner knows its containers again. */
export const LABELS = {
  instance: 'rgrid.instance',
  execution: 'rgrid.execution',
  attempt: 'rgrid.attempt',
} as const

const MIB = 1024 * 1024
const OPEN_FILES = 1024
const NANO = 1e9

/**
 * What the container of a script may do. Nothing in it can be widened by whoever submits a script, and no argument,
 * environment value or secret is in it: the engine shows and stores all of this.
 */
export function createContainerOptions(shape: Shape, setup: ContainerSetup): ContainerCreateOptions {
  const { cpus, memoryMib, pids, diskMib } = shape.resources
  const fileBytes = diskMib * MIB
  const hardened = createHardenedOptions({
    user: setup.user,
    memoryMib,
    pids: Math.max(1, pids) + setup.ownPids,
    openFiles: OPEN_FILES,
    mounts: createMounts(shape, setup),
    engineRuntime: setup.engineRuntime,
  })
  return {
    ...hardened,
    name: setup.name,
    Image: shape.image.id,
    WorkingDir: '/work',
    Entrypoint: [...setup.entrypoint],
    Env: [],
    AttachStdout: true,
    AttachStderr: true,
    // Less than half the start time of network mode `none`, and the same: a name space of its own with only `lo`.
    NetworkDisabled: shape.network === 'none',
    Labels: { ...setup.labels },
    HostConfig: {
      ...hardened.HostConfig,
      NanoCpus: Math.round(cpus * NANO),
      Ulimits: [...(hardened.HostConfig.Ulimits ?? []), { Name: 'fsize', Soft: fileBytes, Hard: fileBytes }],
      Init: setup.hasInit,
      LogConfig: { Type: 'none', Config: {} },
    },
  }
}

function createMounts(
  { image, layer, network }: Shape,
  { workDir, mountDir }: ContainerSetup,
): MountSettings[] {
  return [
    bindPath(workDir, '/work', false),
    bindPath(mountDir, '/rgrid'),
    // Without a network the engine supplies neither.
    ...(network === 'none'
      ? [bindPath(`${mountDir}/hosts`, '/etc/hosts'), bindPath(`${mountDir}/resolv.conf`, '/etc/resolv.conf')]
      : []),
    ...(image.pycacheDirectory === null ? [] : [bindPath(image.pycacheDirectory, PYCACHE_TARGET)]),
    ...(layer === undefined ? [] : bindLayer(layer, image)),
  ]
}

/** Where a container sees the compiled standard library of its image. */
export const PYCACHE_TARGET = '/var/cache/rgrid/pycache'

function bindLayer(layer: Layer, { pycacheDirectory }: PreparedImage): MountSettings[] {
  const { mounts } = getContainerUse(layer, pycacheDirectory === null ? undefined : PYCACHE_TARGET)
  return mounts.map(({ source, target }) => bindPath(source, target))
}
