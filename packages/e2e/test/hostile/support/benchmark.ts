import { askEngine } from './engine.js'

/** What the engine tells of a container, as far as it is looked at. */
export interface InspectedContainer {
  readonly Path: string
  readonly Args: readonly string[]
  readonly Config: {
    readonly User: string
    readonly NetworkDisabled?: boolean
    readonly ExposedPorts?: object
  }
  readonly HostConfig: {
    readonly Privileged: boolean
    readonly CapAdd: readonly string[] | null
    readonly CapDrop: readonly string[] | null
    readonly ReadonlyRootfs: boolean
    readonly Memory: number
    readonly MemorySwap: number
    readonly NanoCpus: number
    readonly PidsLimit: number | null
    readonly SecurityOpt: readonly string[] | null
    readonly NetworkMode: string
    readonly PidMode: string
    readonly IpcMode: string
    readonly UTSMode: string
    readonly UsernsMode: string
    readonly CgroupParent: string
    readonly Devices: readonly object[] | null
    readonly PublishAllPorts: boolean
    readonly PortBindings: object | null
    readonly RestartPolicy: { readonly Name: string }
  }
  readonly Mounts: readonly {
    readonly Source: string
    readonly Destination: string
    readonly RW: boolean
    readonly Propagation: string
  }[]
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly EndpointID: string }>> }
}

type Check = (container: InspectedContainer) => boolean

const SENSITIVE = /^\/(?:$|(?:boot|dev|etc|lib|proc|sys|usr)(?:\/|$))/

// What docker-bench-security looks at in containers that run, less what depends on the machine and not on who made the
// container: AppArmor and SELinux, and how old the image is.
const CHECKS = {
  'runs as root': ({ Config: { User } }) => /^(?:|root|0)(?:$|:)/.test(User),
  'has capabilities': ({ HostConfig: { CapAdd, CapDrop } }) =>
    (CapAdd ?? []).length > 0 || CapDrop?.join() !== 'ALL',
  'is privileged': ({ HostConfig: { Privileged } }) => Privileged,
  'sees directories of the machine': ({ Mounts }) => Mounts.some(({ Source }) => SENSITIVE.test(Source)),
  'has the socket of the engine': ({ Mounts }) => Mounts.some(({ Source }) => Source.endsWith('docker.sock')),
  'may write to more than its directory': ({ Mounts }) =>
    Mounts.some(({ RW, Destination }) => RW && Destination !== '/work'),
  'shares mounts': ({ Mounts }) => Mounts.some(({ Propagation }) => /^r?shared$/.test(Propagation)),
  'has ports': ({ Config: { ExposedPorts = {} }, HostConfig: { PublishAllPorts, PortBindings } }) =>
    PublishAllPorts || Object.keys({ ...ExposedPorts, ...PortBindings }).length > 0,
  'has no limit of memory': ({ HostConfig: { Memory, MemorySwap } }) => Memory <= 0 || MemorySwap !== Memory,
  'has no limit of processors': ({ HostConfig: { NanoCpus } }) => NanoCpus <= 0,
  'has no limit of processes': ({ HostConfig: { PidsLimit } }) => (PidsLimit ?? 0) <= 0,
  'has a root that can be written to': ({ HostConfig: { ReadonlyRootfs } }) => !ReadonlyRootfs,
  'is started again': ({ HostConfig: { RestartPolicy } }) => !['', 'no'].includes(RestartPolicy.Name),
  'has a name space of the machine': ({ HostConfig }) => {
    const { NetworkMode, PidMode, IpcMode, UTSMode, UsernsMode } = HostConfig
    return [NetworkMode, PidMode, IpcMode, UTSMode, UsernsMode].includes('host')
  },
  'shares memory': ({ HostConfig: { IpcMode } }) => IpcMode !== 'private',
  'has devices': ({ HostConfig: { Devices } }) => (Devices ?? []).length > 0,
  'chooses its control group': ({ HostConfig: { CgroupParent } }) => CgroupParent !== '',
  'may gain privileges': ({ HostConfig: { SecurityOpt } }) =>
    !(SecurityOpt ?? []).some((option) => /^no-new-privileges(?:[:=]true)?$/.test(option)),
  'has no seccomp profile of its own': ({ HostConfig: { SecurityOpt } }) =>
    !(SecurityOpt ?? []).some((option) => option.startsWith('seccomp=') && option !== 'seccomp=unconfined'),
  'uses docker0': ({ NetworkSettings: { Networks } }) => (Networks['bridge']?.EndpointID ?? '') !== '',
} satisfies Readonly<Record<string, Check>>

/** A way in which a container is open to what runs in it. */
export type Weakness = keyof typeof CHECKS

/** Everything that is looked for. */
export const WEAKNESSES = Object.keys(CHECKS) as readonly Weakness[]

/** How a container is open to what runs in it: not at all, when all is well. */
export const findWeaknesses = (container: InspectedContainer): Weakness[] =>
  WEAKNESSES.filter((weakness) => CHECKS[weakness](container))

/** Asks the engine for all that it knows of a container. */
export async function inspect(id: string): Promise<InspectedContainer> {
  return JSON.parse(await askEngine('GET', `/containers/${id}/json`)) as InspectedContainer
}
