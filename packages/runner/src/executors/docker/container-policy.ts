import type { ContainerCreateOptions } from 'dockerode'
import type { Launch } from '../executor.js'
import type { ContainerUser } from './container-user.js'

/** What a container is made from, beside its launch. */
export interface ContainerSetup {
  readonly instance: string
  readonly image: string
  readonly user: ContainerUser
  /** The runner's directory that the container sees at `/rgrid`. */
  readonly mountDir: string
  /** Whether the engine can put an init before the script. */
  readonly hasInit: boolean
}

/** The labels by which a runner knows its containers again. */
export const LABELS = {
  instance: 'rgrid.instance',
  execution: 'rgrid.execution',
  attempt: 'rgrid.attempt',
} as const

const MIB = 1024 * 1024
// Docker refuses less.
const MIN_MEMORY_MIB = 6
const TMP_MIB = 64
const OPEN_FILES = 1024

/** The name of a container: the engine refuses to make the same attempt twice. */
export const toContainerName = ({ executionId, attempt }: Launch): string => `rgrid-${executionId}-${attempt}`

/**
 * The one place that says what a container may do. Nothing in it can be widened by whoever submits a script, and no
 * argument, environment value or secret is in it: the engine shows and stores all of this.
 */
export function createContainerOptions(launch: Launch, setup: ContainerSetup): ContainerCreateOptions {
  const { instance, image, user, hasInit } = setup
  return {
    name: toContainerName(launch),
    Image: image,
    User: `${user.uid}:${user.gid}`,
    Hostname: 'rgrid',
    WorkingDir: '/work',
    Entrypoint: ['/bin/sh', '/rgrid/launch'],
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
    NetworkDisabled: true,
    Labels: {
      [LABELS.instance]: instance,
      [LABELS.execution]: launch.executionId,
      [LABELS.attempt]: String(launch.attempt),
    },
    HostConfig: createHostConfig(launch, setup.mountDir, hasInit),
  }
}

function createHostConfig(
  { workDir, memoryMib, pids }: Launch,
  mountDir: string,
  hasInit: boolean,
): ContainerCreateOptions['HostConfig'] {
  const memory = Math.max(memoryMib, MIN_MEMORY_MIB) * MIB
  const bind = (source: string, target: string, isReadOnly: boolean) => ({
    Type: 'bind' as const,
    Source: source,
    Target: target,
    ReadOnly: isReadOnly,
    BindOptions: { Propagation: 'rprivate' as const },
  })
  return {
    // Seccomp is the engine's default profile.
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges'],
    Privileged: false,
    ReadonlyRootfs: true,
    IpcMode: 'private',
    Memory: memory,
    // The same number: unset would allow as much swap again.
    MemorySwap: memory,
    // 0 would mean no limit.
    PidsLimit: Math.max(1, pids),
    OomScoreAdj: 500,
    Ulimits: [
      { Name: 'core', Soft: 0, Hard: 0 },
      { Name: 'nofile', Soft: OPEN_FILES, Hard: OPEN_FILES },
    ],
    Tmpfs: { '/tmp': `rw,nosuid,nodev,size=${TMP_MIB}m,mode=1777` },
    Mounts: [
      bind(workDir, '/work', false),
      bind(mountDir, '/rgrid', true),
      // Without a network the engine supplies neither.
      bind(`${mountDir}/hosts`, '/etc/hosts', true),
      bind(`${mountDir}/resolv.conf`, '/etc/resolv.conf', true),
    ],
    Init: hasInit,
    // The exit code has to outlive the container's end, and nothing may start it twice.
    AutoRemove: false,
    RestartPolicy: { Name: 'no' },
    LogConfig: { Type: 'none', Config: {} },
  }
}
