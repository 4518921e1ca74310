import Docker from 'dockerode'
import type { ContainerCreateOptions } from 'dockerode'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { DEFAULT_SOCKET_PATH } from '../../../../src/executors/docker/is-engine-answering.js'

// Those that the refused calls ask for. `ALL` would need an engine that has all of them.
const CAPABILITIES = (
  'SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_TIME SYS_TTY_CONFIG SYSLOG ' +
  'DAC_READ_SEARCH NET_ADMIN NET_RAW'
).split(' ')

const docker = new Docker({ socketPath: DEFAULT_SOCKET_PATH })

/** What a container is started with. */
export interface TestContainer {
  readonly image: string
  readonly command: readonly string[]
  /** A seccomp profile. @default the engine's own */
  readonly profile?: string | undefined
  /** Root with capabilities, to see what the profile refuses by itself. @default false */
  readonly isPrivileged?: boolean
}

/** What a container came to. */
export interface Outcome {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command in a container with nothing but the hardening of ours, and removes it. */
export async function runInContainer(setup: TestContainer): Promise<Outcome> {
  const container = await docker.createContainer(toOptions(setup))
  try {
    const stream = await container.attach({ stream: true, stdout: true, stderr: true })
    const [stdout, stderr] = [new PassThrough(), new PassThrough()]
    docker.modem.demuxStream(stream, stdout, stderr)
    stream.once('end', () => [stdout, stderr].forEach((output) => output.end()))
    await container.start()
    const [out, err] = await Promise.all([text(stdout), text(stderr)])
    const { StatusCode } = (await container.wait()) as { StatusCode: number }
    return { exitCode: StatusCode, stdout: out, stderr: err }
  } finally {
    await container.remove({ force: true })
  }
}

function toOptions({ image, command, profile, isPrivileged = false }: TestContainer): ContainerCreateOptions {
  const security = profile === undefined ? [] : [`seccomp=${profile}`]
  return {
    Image: image,
    Entrypoint: [],
    Cmd: [...command],
    User: isPrivileged ? '0:0' : '65534:65534',
    WorkingDir: '/tmp',
    NetworkDisabled: true,
    HostConfig: {
      ...(isPrivileged ? { CapAdd: CAPABILITIES } : { CapDrop: ['ALL'] }),
      SecurityOpt: isPrivileged ? security : ['no-new-privileges', ...security],
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      Init: true,
      Tmpfs: { '/tmp': 'rw,nosuid,nodev,size=64m,mode=1777' },
    },
  }
}
