import type { ContainerCreateOptions, HostConfig, MountSettings } from 'dockerode'
import type { ContainerUser } from './container-user.js'
import { SECCOMP_PROFILE } from './seccomp/create-profile.js'

/** What containers differ in, of all that holds a container to something. */
export interface Hardening {
  readonly user: ContainerUser
  readonly memoryMib: number
  readonly pids: number
  readonly openFiles: number
  readonly mounts: readonly MountSettings[]
  /** The engine's runtime, such as `runsc`; its default where not set. */
  readonly engineRuntime?: string | undefined
}

/** A container's options with what the engine is told of its machine. */
export type HardenedOptions = ContainerCreateOptions & { readonly HostConfig: HostConfig }

const MIB = 1024 * 1024
const TMP_MIB = 64

/**
 * What every container of a runner is held to, whether it runs a script, installs packages or looks at an image. What
 * each kind adds of its own is beside it and takes nothing of this back.
 */
export function createHardenedOptions(hardening: Hardening): HardenedOptions {
  const { user, memoryMib, pids, openFiles, mounts, engineRuntime } = hardening
  return {
    User: `${user.uid}:${user.gid}`,
    Hostname: 'rgrid',
    Cmd: [],
    // A health check is a program of the image, run again and again by the engine.
    Healthcheck: { Test: ['NONE'] },
    Tty: false,
    OpenStdin: false,
    AttachStdin: false,
    HostConfig: {
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges', `seccomp=${SECCOMP_PROFILE}`],
      Privileged: false,
      ReadonlyRootfs: true,
      IpcMode: 'private',
      Memory: memoryMib * MIB,
      // The same number: unset would allow as much swap again.
      MemorySwap: memoryMib * MIB,
      PidsLimit: pids,
      OomScoreAdj: 500,
      Ulimits: [
        { Name: 'core', Soft: 0, Hard: 0 },
        { Name: 'nofile', Soft: openFiles, Hard: openFiles },
      ],
      Tmpfs: { '/tmp': `rw,nosuid,nodev,size=${TMP_MIB}m,mode=1777` },
      ShmSize: TMP_MIB * MIB,
      Mounts: [...mounts],
      // The exit code has to outlive the container's end, and nothing may start it twice.
      AutoRemove: false,
      RestartPolicy: { Name: 'no' },
      ...(engineRuntime === undefined ? {} : { Runtime: engineRuntime }),
    },
  }
}

/** Shows a container a directory or file of this machine, and nothing that is mounted there later. */
export const bindPath = (source: string, target: string, isReadOnly = true): MountSettings => ({
  Type: 'bind',
  Source: source,
  Target: target,
  ReadOnly: isReadOnly,
  BindOptions: { Propagation: 'rprivate' },
})
