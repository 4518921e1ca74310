import type { ArgumentMatch } from './arguments.js'
import { CONDITIONAL_CALLS, type ConditionalCall } from './conditions.js'
import { ALLOWED_GROUPS } from './groups.js'
import { ABSENT_GROUPS, REFUSED_GROUPS } from './refusals.js'
import type { SyscallGroup } from './syscall-group.js'

/** What a profile says of some system calls. */
export interface SeccompRule {
  readonly names: readonly string[]
  readonly action: 'SCMP_ACT_ALLOW' | 'SCMP_ACT_ERRNO'
  readonly errnoRet?: number
  readonly args?: readonly ArgumentMatch[]
}

/** A seccomp profile in the form of Docker engines. */
export interface SeccompProfile {
  readonly defaultAction: 'SCMP_ACT_ERRNO'
  readonly defaultErrnoRet: number
  readonly archMap: readonly { readonly architecture: string; readonly subArchitectures: readonly string[] }[]
  readonly syscalls: readonly SeccompRule[]
}

const EPERM = 1
const ENOSYS = 38
const EAFNOSUPPORT = 97

/**
 * Makes the profile of all containers.
 *
 * The default is `EPERM`, as that is what arguments outside of a condition get. Calls that are newer than the highest
 * one named here get `ENOSYS` from runc, whatever the default is, and C libraries then do without; this is why the
 * refused ones are named too. An `ENOSYS` as default would change nothing for those, and Engine 20.10 drops it.
 */
export function createProfile(): SeccompProfile {
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: EPERM,
    // Without the 32-bit ABIs and x32: another entry to all of the kernel, old and little tested, with other numbers
    // and packed calls (socketcall, ipc) whose arguments no filter sees. Who uses one is killed.
    archMap: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_AARCH64'].map((architecture) => ({
      architecture,
      subArchitectures: [],
    })),
    syscalls: [
      { names: namesOf(ALLOWED_GROUPS), action: 'SCMP_ACT_ALLOW' },
      refuse(namesOf(REFUSED_GROUPS), EPERM),
      refuse(namesOf(ABSENT_GROUPS), ENOSYS),
      ...CONDITIONAL_CALLS.flatMap(toRules),
    ],
  }
}

const namesOf = (groups: Readonly<Record<string, SyscallGroup>>): string[] =>
  Object.values(groups).flatMap(({ calls }) => calls)

const refuse = (names: readonly string[], errnoRet: number): SeccompRule => ({
  names,
  action: 'SCMP_ACT_ERRNO',
  errnoRet,
})

const toRules = ({ call, allowed, unsupported = [] }: ConditionalCall): SeccompRule[] => [
  ...allowed.map((args): SeccompRule => ({ names: [call], action: 'SCMP_ACT_ALLOW', args })),
  ...unsupported.map((match): SeccompRule => ({ ...refuse([call], EAFNOSUPPORT), args: [match] })),
]

/** The profile as the engine's API takes it: `SecurityOpt: ['seccomp=' + SECCOMP_PROFILE]`. */
export const SECCOMP_PROFILE: string = JSON.stringify(createProfile())
