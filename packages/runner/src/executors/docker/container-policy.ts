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
  /** What it sees at `/work`: a directory, or a volume's name. */
  readonly workDir: string
  /** What it sees at `/rgrid`: the runner's directory, or a volume's name. */
  readonly mountDir: string
  /** Whether those are volumes, and nothing of the runner's machine is seen. */
  readonly areVolumes?: boolean
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
  /** The name of the directory of a container that sees nothing of it, and of its volumes. */
  place: 'rgrid.place',
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
    mounts: setup.areVolumes === true ? createVolumeMounts(setup) : createMounts(shape, setup),
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
    // But then the engine supplies no `/etc/hosts`, and a volume cannot.
    NetworkDisabled: shape.network === 'none' && setup.areVolumes !== true,
    Labels: { ...setup.labels },
    HostConfig: {
      ...hardened.HostConfig,
      NanoCpus: Math.round(cpus * NANO),
      Ulimits: [...(hardened.HostConfig.Ulimits ?? []), { Name: 'fsize', Soft: fileBytes, Hard: fileBytes }],
      Init: setup.hasInit,
      LogConfig: { Type: 'none', Config: {} },
      ...(setup.areVolumes === true ? createNetwork(shape) : {}),
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

function createVolumeMounts({ workDir, mountDir }: ContainerSetup): MountSettings[] {
  const mount = (source: string, target: string, isReadOnly: boolean): MountSettings => ({
    Type: 'volume',
    Source: source,
    Target: target,
    ReadOnly: isReadOnly,
    // Nothing of the image is copied into them.
    VolumeOptions: { NoCopy: true, Labels: {}, DriverConfig: { Name: '', Options: {} } },
  })
  return [mount(workDir, '/work', false), mount(mountDir, '/rgrid', true)]
}

const createNetwork = ({ network }: Shape) =>
  network === 'none' ? { NetworkMode: 'none', ExtraHosts: ['rgrid:127.0.0.1'] } : {}

/** Where a container sees the compiled standard library of its image. */
export const PYCACHE_TARGET = '/var/cache/rgrid/pycache'

function bindLayer(layer: Layer, { pycacheDirectory }: PreparedImage): MountSettings[] {
  const { mounts } = getContainerUse(layer, pycacheDirectory === null ? undefined : PYCACHE_TARGET)
  return mounts.map(({ source, target }) => bindPath(source, target))
}
