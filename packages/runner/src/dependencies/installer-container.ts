import type { ContainerCreateOptions } from 'dockerode'
import type { ContainerUser } from '../executors/docker/container-user.js'
import { DEPS_TARGET } from './layer-use.js'

/** By this label a runner knows its installers again. */
export const INSTALLER_LABEL = 'rgrid.installer'

/** Where an installer's container sees things. */
export const TARGETS = {
  deps: DEPS_TARGET,
  control: '/rgrid-install',
  cache: '/rgrid-cache',
  scratch: '/rgrid-scratch',
  uv: '/rgrid-uv',
} as const

/** What an installer's container is made from. */
export interface InstallerSetup {
  readonly name: string
  readonly instance: string
  readonly image: string
  readonly user: ContainerUser
  /** The runner's directories for the targets of the same names. */
  readonly sources: Readonly<Record<'deps' | 'control' | 'cache' | 'scratch', string>>
  /** The runner's uv, where it has one. */
  readonly uv: string | undefined
  readonly memoryMib: number
  readonly pids: number
  readonly network: string
  /** The seccomp profile as JSON; the engine's default where not set. */
  readonly seccomp: string | undefined
  readonly engineRuntime: string | undefined
}

const MIB = 1024 * 1024
const OPEN_FILES = 4096

/**
 * What the container of an installer may do: as little as the one of a script, but for its network. No credentials are
 * in it: the engine shows and stores all of this.
 */
export function createInstallerOptions(setup: InstallerSetup): ContainerCreateOptions {
  const { name, instance, image, user, engineRuntime } = setup
  return {
    name,
    Image: image,
    User: `${user.uid}:${user.gid}`,
    Hostname: 'rgrid',
    WorkingDir: '/',
    Entrypoint: ['/bin/sh', `${TARGETS.control}/install`],
    Cmd: [],
    Env: [],
    Healthcheck: { Test: ['NONE'] },
    Tty: false,
    OpenStdin: false,
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    Labels: { [INSTALLER_LABEL]: instance },
    HostConfig: {
      CapDrop: ['ALL'],
      SecurityOpt: [
        'no-new-privileges',
        ...(setup.seccomp === undefined ? [] : [`seccomp=${setup.seccomp}`]),
      ],
      Privileged: false,
      ReadonlyRootfs: true,
      IpcMode: 'private',
      Memory: setup.memoryMib * MIB,
      MemorySwap: setup.memoryMib * MIB,
      PidsLimit: setup.pids,
      OomScoreAdj: 500,
      Ulimits: [
        { Name: 'core', Soft: 0, Hard: 0 },
        { Name: 'nofile', Soft: OPEN_FILES, Hard: OPEN_FILES },
      ],
      Tmpfs: { '/tmp': 'rw,nosuid,nodev,size=64m,mode=1777' },
      Mounts: createMounts(setup),
      NetworkMode: setup.network,
      // Reaps what installers leave, as far as the engine can.
      AutoRemove: false,
      RestartPolicy: { Name: 'no' },
      LogConfig: { Type: 'none', Config: {} },
      ...(engineRuntime === undefined ? {} : { Runtime: engineRuntime }),
    },
  }
}

function createMounts({ sources, uv }: InstallerSetup) {
  const bind = (source: string, target: string, isReadOnly: boolean) => ({
    Type: 'bind' as const,
    Source: source,
    Target: target,
    ReadOnly: isReadOnly,
    BindOptions: { Propagation: 'rprivate' as const },
  })
  return [
    bind(sources.deps, TARGETS.deps, false),
    bind(sources.cache, TARGETS.cache, false),
    bind(sources.scratch, TARGETS.scratch, false),
    bind(sources.control, TARGETS.control, true),
    ...(uv === undefined ? [] : [bind(uv, TARGETS.uv, true)]),
  ]
}
