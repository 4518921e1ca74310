import { describe, expect, it } from 'vitest'
import { isOtherWord } from '../../../../src/executors/docker/seccomp/arguments.js'
import { CONDITIONAL_CALLS } from '../../../../src/executors/docker/seccomp/conditions.js'
import { createProfile, SECCOMP_PROFILE } from '../../../../src/executors/docker/seccomp/create-profile.js'
import { ALLOWED_GROUPS } from '../../../../src/executors/docker/seccomp/groups.js'
import { ABSENT_GROUPS, REFUSED_GROUPS } from '../../../../src/executors/docker/seccomp/refusals.js'

const groups = [ALLOWED_GROUPS, REFUSED_GROUPS, ABSENT_GROUPS].flatMap((table) => Object.values(table))
const conditional = CONDITIONAL_CALLS.map(({ call }) => call)
const namesIn = (table: typeof ALLOWED_GROUPS): string[] => Object.values(table).flatMap(({ calls }) => calls)

// What has to be refused, whatever the groups say.
const FORBIDDEN = (
  'io_uring_setup io_uring_enter io_uring_register ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd ' +
  'add_key request_key keyctl userfaultfd bpf perf_event_open mount umount2 pivot_root move_mount open_tree ' +
  'mount_setattr fsopen fsconfig fsmount fspick unshare setns clone3 kexec_load kexec_file_load init_module ' +
  'finit_module delete_module reboot swapon swapoff quotactl acct syslog settimeofday clock_settime clock_adjtime ' +
  'name_to_handle_at open_by_handle_at ioperm iopl lookup_dcookie nfsservctl vhangup chroot fanotify_init'
).split(' ')

describe('the seccomp profile', () => {
  it('names no system call twice', () => {
    const names = [...groups.flatMap(({ calls }) => calls), ...conditional]

    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
  })

  it('has names of system calls only, and a reason for each', () => {
    const names = [...groups.flatMap(({ calls }) => calls), ...conditional]

    expect(names.filter((name) => !/^[a-z_][a-z0-9_]+$/.test(name))).toEqual([])
    expect([...groups, ...CONDITIONAL_CALLS].filter(({ reason }) => !reason.endsWith('.'))).toEqual([])
  })

  it.for(FORBIDDEN)('refuses %s', (call) => {
    const rules = createProfile().syscalls.filter(({ names }) => names.includes(call))

    expect(rules.map(({ action }) => action)).toEqual(['SCMP_ACT_ERRNO'])
  })

  it('allows what is allowed, and only by conditions what has them', () => {
    const allowed = createProfile().syscalls.filter(({ action }) => action === 'SCMP_ACT_ALLOW')

    expect(allowed.flatMap(({ names, args }) => (args ? [] : names))).toEqual(namesIn(ALLOWED_GROUPS))
    expect([...new Set(allowed.flatMap(({ names, args }) => (args ? names : [])))]).toEqual(conditional)
  })

  it('answers with errors for all else', () => {
    const { defaultAction, defaultErrnoRet, syscalls } = createProfile()

    expect({ defaultAction, defaultErrnoRet }).toEqual({
      defaultAction: 'SCMP_ACT_ERRNO',
      defaultErrnoRet: 1,
    })
    expect(syscalls.find(({ names }) => names.includes('clone3'))?.errnoRet).toBe(38)
  })

  it('requires one thing of an argument at most, as engines take more for alternatives', () => {
    const indexes = createProfile().syscalls.map(({ args = [] }) => args.map(({ index }) => index))

    expect(indexes.filter((list) => new Set(list).size !== list.length)).toEqual([])
  })

  it('is for 64-bit programs alone', () => {
    expect(createProfile().archMap).toEqual([
      { architecture: 'SCMP_ARCH_X86_64', subArchitectures: [] },
      { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: [] },
    ])
  })

  it('is JSON, short enough for a request', () => {
    expect(JSON.parse(SECCOMP_PROFILE)).toEqual(createProfile())
    expect(SECCOMP_PROFILE.length).toBeLessThan(32 * 1024)
  })
})

describe('isOtherWord', () => {
  const isMatched = (word: number, excluded: readonly number[]): boolean =>
    isOtherWord(0, excluded).some(
      ({ value, valueTwo }) => (BigInt(word) & BigInt(value)) === BigInt(valueTwo),
    )

  it.for([[[5]], [[0]], [[0xffffffff]], [[1, 2, 10, 16]], [[0x5412, 0x541c]], [[7, 8]]] as const)(
    'matches all but %j, and the upper half of an argument changes nothing',
    ([excluded]) => {
      const near = excluded.flatMap((word) => [word - 1, word + 1, word + 2 ** 31, word + 2 ** 16])
      const others = [0, 1, 3, 255, 2 ** 31, 2 ** 32 - 1, ...near]
        .filter((word) => word >= 0 && word < 2 ** 32)
        .filter((word) => !(excluded as readonly number[]).includes(word))

      for (const word of excluded) {
        expect(isMatched(word, excluded)).toBe(false)
        expect(isMatched(word + 2 ** 40, excluded)).toBe(false)
      }
      for (const word of others) expect(isMatched(word, excluded)).toBe(true)
    },
  )

  it('matches everything where nothing is excluded', () => {
    expect(isOtherWord(3, [])).toEqual([{ index: 3, op: 'SCMP_CMP_MASKED_EQ', value: 0, valueTwo: 0 }])
  })
})
