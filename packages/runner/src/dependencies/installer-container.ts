import type { ContainerCreateOptions, MountSettings } from 'dockerode'
import type { ContainerUser } from '../executors/docker/container-user.js'
import { bindPath, createHardenedOptions } from '../executors/docker/hardening.js'
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
  readonly engineRuntime: string | undefined
}

const OPEN_FILES = 4096

/**
 * What the container of an installer may do: as little as the one of a script, but for its network. No credentials are
 * in it: the engine shows and stores all of this.
 */
export function createInstallerOptions(setup: InstallerSetup): ContainerCreateOptions {
  const { name, instance, image, network, ...limits } = setup
  const hardened = createHardenedOptions({ ...limits, openFiles: OPEN_FILES, mounts: createMounts(setup) })
  return {
    ...hardened,
    name,
    Image: image,
    WorkingDir: '/',
    Entrypoint: ['/bin/sh', `${TARGETS.control}/install`],
    Env: [],
    AttachStdout: true,
    AttachStderr: true,
    Labels: { [INSTALLER_LABEL]: instance },
    HostConfig: { ...hardened.HostConfig, NetworkMode: network, LogConfig: { Type: 'none', Config: {} } },
  }
}

const createMounts = ({ sources, uv }: InstallerSetup): MountSettings[] => [
  bindPath(sources.deps, TARGETS.deps, false),
  bindPath(sources.cache, TARGETS.cache, false),
  bindPath(sources.scratch, TARGETS.scratch, false),
  bindPath(sources.control, TARGETS.control),
  ...(uv === undefined ? [] : [bindPath(uv, TARGETS.uv)]),
]
