import type { ContainerCreateOptions } from 'dockerode'
import { getContainerUse } from '../../dependencies/layer-use.js'
import type { Layer } from '../executor.js'
import type { ContainerUser } from './container-user.js'
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
  /** The seccomp profile as JSON. */
  readonly seccomp: string
}

/** The labels by which a runner knows its containers again. */
export const LABELS = {
  instance: 'rgrid.instance',
  execution: 'rgrid.execution',
  attempt: 'rgrid.attempt',
} as const

const MIB = 1024 * 1024
const TMP_MIB = 64
const OPEN_FILES = 1024
const NANO = 1e9

/**
 * The one place that says what a container may do. Nothing in it can be widened by whoever submits a script, and no
 * argument, environment value or secret is in it: the engine shows and stores all of this.
 */
export function createContainerOptions(shape: Shape, setup: ContainerSetup): ContainerCreateOptions {
  const { user } = setup
  return {
    name: setup.name,
    Image: shape.image.id,
    User: `${user.uid}:${user.gid}`,
    Hostname: 'rgrid',
    WorkingDir: '/work',
    Entrypoint: [...setup.entrypoint],
    Cmd: [],
    Env: [],
    // A health check is a program of the image, run again and again by the engine.
    Healthcheck: { Test: ['NONE'] },
    Tty: false,
    OpenStdin: false,
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    // Less than half the start time of network mode `none`, and the same: a name space of its own with only `lo`.
    NetworkDisabled: shape.network === 'none',
    Labels: { ...setup.labels },
    HostConfig: createHostConfig(shape, setup),
  }
}

function createHostConfig(shape: Shape, setup: ContainerSetup): ContainerCreateOptions['HostConfig'] {
  const { cpus, memoryMib, pids, diskMib } = shape.resources
  const fileBytes = diskMib * MIB
  return {
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges', `seccomp=${setup.seccomp}`],
    Privileged: false,
    ReadonlyRootfs: true,
    IpcMode: 'private',
    NanoCpus: Math.round(cpus * NANO),
    Memory: memoryMib * MIB,
    // The same number: unset would allow as much swap again.
    MemorySwap: memoryMib * MIB,
    PidsLimit: Math.max(1, pids) + setup.ownPids,
    OomScoreAdj: 500,
    Ulimits: [
      { Name: 'core', Soft: 0, Hard: 0 },
      { Name: 'nofile', Soft: OPEN_FILES, Hard: OPEN_FILES },
      { Name: 'fsize', Soft: fileBytes, Hard: fileBytes },
    ],
    Tmpfs: { '/tmp': `rw,nosuid,nodev,size=${TMP_MIB}m,mode=1777` },
    ShmSize: TMP_MIB * MIB,
    Mounts: createMounts(shape, setup),
    Init: setup.hasInit,
    // The exit code has to outlive the container's end, and nothing may start it twice.
    AutoRemove: false,
    RestartPolicy: { Name: 'no' },
    LogConfig: { Type: 'none', Config: {} },
    ...(setup.engineRuntime === undefined ? {} : { Runtime: setup.engineRuntime }),
  }
}

function createMounts({ image, layer, network }: Shape, { workDir, mountDir }: ContainerSetup) {
  const bind = (source: string, target: string, isReadOnly = true) => ({
    Type: 'bind' as const,
    Source: source,
    Target: target,
    ReadOnly: isReadOnly,
    BindOptions: { Propagation: 'rprivate' as const },
  })
  return [
    bind(workDir, '/work', false),
    bind(mountDir, '/rgrid'),
    // Without a network the engine supplies neither.
    ...(network === 'none'
      ? [bind(`${mountDir}/hosts`, '/etc/hosts'), bind(`${mountDir}/resolv.conf`, '/etc/resolv.conf')]
      : []),
    ...(image.pycacheDirectory === null ? [] : [bind(image.pycacheDirectory, PYCACHE_TARGET)]),
    ...(layer === undefined ? [] : bindLayer(layer, image, bind)),
  ]
}

/** Where a container sees the compiled standard library of its image. */
export const PYCACHE_TARGET = '/var/cache/rgrid/pycache'

function bindLayer<T>(
  layer: Layer,
  { pycacheDirectory }: PreparedImage,
  bind: (source: string, target: string) => T,
): T[] {
  const { mounts } = getContainerUse(layer, pycacheDirectory === null ? undefined : PYCACHE_TARGET)
  return mounts.map(({ source, target }) => bind(source, target))
}
