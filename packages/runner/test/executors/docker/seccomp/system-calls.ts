/** What a call has to come to: an error, or `allowed` for whatever else the kernel says. `refused` is EPERM or ENOSYS. */
export type Expected = 'EPERM' | 'ENOSYS' | 'EAFNOSUPPORT' | 'refused' | 'allowed'

/** A system call with harmless arguments. */
export interface Probe {
  readonly call: string
  /** Its number on x86-64, then on aarch64, where it exists. */
  readonly numbers: readonly [x64: number | undefined, arm64: number | undefined]
  readonly args: readonly number[]
  readonly expected: Expected
}

// Arguments that are nothing: no pointer, no descriptor, no command.
const NOTHING = [-1, -1, -1, -1, -1, -1]
const HIGH_BIT = 2 ** 32

const probe =
  (expected: Expected) =>
  (call: string, x64: number | undefined, arm64: number | undefined, ...args: number[]): Probe => ({
    call,
    numbers: [x64, arm64],
    args: args.length > 0 ? args : NOTHING,
    expected,
  })

const eperm = probe('EPERM')
const enosys = probe('ENOSYS')
const refused = probe('refused')
const allowed = probe('allowed')
const unsupported = probe('EAFNOSUPPORT')

const SOCKET = [41, 198] as const
const SOCKET_PAIR = [53, 199] as const
const CLONE = [56, 220] as const
const PERSONALITY = [135, 92] as const
const IOCTL = [16, 29] as const

const TIOCSTI = 0x5412
const TIOCLINUX = 0x541c
const TCGETS = 0x5401
const FIONBIO = 0x5421
const FICLONE = 0x40049409

const STREAM = 1
const DATAGRAM = 2
const RAW = 3
const CLOEXEC_NONBLOCK = 0o2004000

// AF_AX25, AF_X25, AF_KEY, AF_PACKET, AF_RDS, AF_CAN, AF_TIPC, AF_BLUETOOTH, AF_ALG, AF_NFC, AF_VSOCK, AF_QIPCRTR,
// AF_SMC, AF_XDP, AF_MCTP, none, one too many, and a number of 32 bits.
const OTHER_FAMILIES = [3, 9, 15, 17, 21, 29, 30, 31, 38, 39, 40, 42, 43, 44, 45, 0, 46, 0xffffffff]
const CLONE_NEW = [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000]
const SIGCHLD = 17

/** The calls whose arguments decide. */
export const CONDITIONAL_PROBES: readonly Probe[] = [
  ...OTHER_FAMILIES.map((family) => unsupported('socket', ...SOCKET, family, RAW, 0)),
  ...[38, 40].map((family) => unsupported('socket', ...SOCKET, family + HIGH_BIT, STREAM, 0)),
  allowed('socket', ...SOCKET, 1, STREAM, 0),
  allowed('socket', ...SOCKET, 1, DATAGRAM | CLOEXEC_NONBLOCK, 0),
  ...[2, 10].flatMap((family) => [
    allowed('socket', ...SOCKET, family, STREAM, 0),
    allowed('socket', ...SOCKET, family, STREAM | CLOEXEC_NONBLOCK, 6),
    allowed('socket', ...SOCKET, family, DATAGRAM, 0),
    allowed('socket', ...SOCKET, family, DATAGRAM | CLOEXEC_NONBLOCK, 17),
    allowed('socket', ...SOCKET, family + HIGH_BIT, DATAGRAM, 17),
    // SOCK_RAW, SOCK_RDM, SOCK_SEQPACKET, SOCK_DCCP and the old SOCK_PACKET.
    ...[RAW, 4, 5, 6, 10].map((type) => eperm('socket', ...SOCKET, family, type, 0)),
    // L2TP, SCTP, UDP-Lite, SMC and MPTCP.
    ...[132, 256, 262].map((protocol) => eperm('socket', ...SOCKET, family, STREAM, protocol)),
    ...[115, 136].map((protocol) => eperm('socket', ...SOCKET, family, DATAGRAM, protocol)),
    eperm('socket', ...SOCKET, family, RAW + HIGH_BIT, 0),
    eperm('socket', ...SOCKET, family, STREAM, 132 + HIGH_BIT),
  ]),
  allowed('socket', ...SOCKET, 2, DATAGRAM, 1),
  allowed('socket', ...SOCKET, 10, DATAGRAM, 58),
  allowed('socket', ...SOCKET, 16, RAW, 0),
  // Netlink of sock_diag, nftables, xfrm, generic families, the crypto API.
  ...[4, 6, 12, 16, 21].map((protocol) => eperm('socket', ...SOCKET, 16, RAW, protocol)),
  allowed('socketpair', ...SOCKET_PAIR, 1, STREAM, 0, 0),
  ...[0, 2, 10, 16, 30, 40, 38 + HIGH_BIT].map((family) =>
    unsupported('socketpair', ...SOCKET_PAIR, family, STREAM, 0, 0),
  ),
  allowed('clone', ...CLONE, SIGCHLD, 0, 0, 0, 0),
  ...CLONE_NEW.map((flag) => eperm('clone', ...CLONE, flag + SIGCHLD, 0, 0, 0, 0)),
  ...CLONE_NEW.map((flag) => eperm('clone', ...CLONE, flag + SIGCHLD + HIGH_BIT, 0, 0, 0, 0)),
  eperm('clone', ...CLONE, 0x7e020000 + SIGCHLD, 0, 0, 0, 0),
  ...[0x8, 0x20000, 0x20008, 0, 0xffffffff].map((value) => allowed('personality', ...PERSONALITY, value)),
  // No random addresses, no null page, read implies execute, System V.
  ...[0x40000, 0x100000, 0x400000, 1, 0x40008, 0x40000 + HIGH_BIT].map((value) =>
    eperm('personality', ...PERSONALITY, value),
  ),
  ...[TIOCSTI, TIOCLINUX, TIOCSTI + HIGH_BIT, TIOCLINUX + HIGH_BIT * 0x7fff].map((request) =>
    eperm('ioctl', ...IOCTL, -1, request, 0),
  ),
  ...[0, TCGETS, FIONBIO, FICLONE, 0xffffffff, TCGETS + HIGH_BIT].map((request) =>
    allowed('ioctl', ...IOCTL, -1, request, 0),
  ),
  // Every neighbour that is one bit away.
  ...[TIOCSTI, TIOCLINUX].flatMap((request) =>
    Array.from({ length: 32 }, (_, bit) => {
      const isSet = Math.floor(request / 2 ** bit) % 2 === 1
      return allowed('ioctl', ...IOCTL, -1, isSet ? request - 2 ** bit : request + 2 ** bit, 0)
    }),
  ),
]

/** The calls that nobody gets, mostly with arguments that come to another error than `EPERM` where root may make them. */
export const REFUSED_PROBES: readonly Probe[] = [
  eperm('io_uring_setup', 425, 425, 1, 0),
  eperm('io_uring_enter', 426, 426),
  eperm('io_uring_register', 427, 427),
  eperm('ptrace', 101, 117, -1, 0, 0, 0),
  eperm('process_vm_readv', 310, 270, 0, 0, 0, 0, 0, 0),
  eperm('process_vm_writev', 311, 271, 0, 0, 0, 0, 0, 0),
  eperm('process_madvise', 440, 440),
  eperm('process_mrelease', 448, 448),
  eperm('pidfd_getfd', 438, 438),
  eperm('kcmp', 312, 272),
  eperm('add_key', 248, 217, 0, 0, 0, 0, 0),
  eperm('request_key', 249, 218, 0, 0, 0, 0),
  eperm('keyctl', 250, 219),
  eperm('bpf', 321, 280),
  eperm('init_module', 175, 105, 0, 0, 0),
  eperm('finit_module', 313, 273),
  eperm('delete_module', 176, 106, 0, 0),
  eperm('kexec_load', 246, 104),
  eperm('kexec_file_load', 320, 294),
  eperm('perf_event_open', 298, 241, 0, 0, -1, -1, 0),
  eperm('syslog', 103, 116),
  eperm('lookup_dcookie', 212, 18),
  eperm('userfaultfd', 323, 282),
  eperm('mount', 165, 40, 0, 0, 0, 0, 0),
  eperm('umount2', 166, 39, 0, -1),
  eperm('pivot_root', 155, 41, 0, 0),
  eperm('chroot', 161, 51, 0),
  eperm('move_mount', 429, 429),
  eperm('open_tree', 428, 428),
  eperm('mount_setattr', 442, 442),
  eperm('fsopen', 430, 430),
  eperm('fsconfig', 431, 431),
  eperm('fsmount', 432, 432),
  eperm('fspick', 433, 433),
  eperm('unshare', 272, 97, 0),
  eperm('unshare', 272, 97, 0x10000000),
  eperm('setns', 308, 268, -1, 0),
  eperm('name_to_handle_at', 303, 264),
  eperm('open_by_handle_at', 304, 265),
  eperm('fanotify_init', 300, 262),
  eperm('fanotify_mark', 301, 263),
  eperm('settimeofday', 164, 170, 0, 0),
  eperm('clock_settime', 227, 112),
  eperm('clock_adjtime', 305, 266),
  eperm('adjtimex', 159, 171, 0),
  eperm('reboot', 169, 142, 0, 0, 0, 0),
  eperm('swapon', 167, 224, 0, 0),
  eperm('swapoff', 168, 225, 0),
  eperm('quotactl', 179, 60),
  eperm('quotactl_fd', 443, 443),
  eperm('acct', 163, 89, -1),
  eperm('vhangup', 153, 58),
  eperm('sethostname', 170, 161, 0, -1),
  eperm('setdomainname', 171, 162, 0, -1),
  eperm('ioperm', 173, undefined, 0, 0, 0),
  eperm('iopl', 172, undefined, 0),
  eperm('modify_ldt', 154, undefined, 0, 0, 0),
  eperm('set_thread_area', 205, undefined),
  eperm('get_mempolicy', 239, 236, 0, 0, 0, 0, 0),
  eperm('set_mempolicy', 238, 237, 0, 0, 0),
  eperm('mbind', 237, 235),
  eperm('migrate_pages', 256, 238),
  eperm('move_pages', 279, 239),
  eperm('set_mempolicy_home_node', 450, 450),
  eperm('nfsservctl', 180, 42),
  eperm('uselib', 134, undefined, 0),
  eperm('_sysctl', 156, undefined),
  eperm('sysfs', 139, undefined, 3),
  enosys('clone3', 435, 435, 0, 0),
  // Newer than libseccomp at some engines: as absent as the next ones, then.
  ...[459, 460, 461, 467, 468, 469, 470].map((number) => refused(`number ${number}`, number, number)),
  enosys('statmount', 457, 457),
  enosys('listmount', 458, 458),
  ...[480, 600, 1000].map((number) => enosys(`number ${number}`, number, number)),
]

/** Calls that everyday programs make. */
export const ALLOWED_PROBES: readonly Probe[] = [
  allowed('read', 0, 63),
  allowed('write', 1, 64),
  allowed('openat', 257, 56, -1, 0, 0),
  allowed('openat2', 437, 437, -1, 0, 0, 0),
  allowed('close', 3, 57),
  allowed('close_range', 436, 436, 1000, 999, 0),
  allowed('statx', 332, 291, -1, 0, 0, 0, 0),
  allowed('newfstatat', 262, 79, -1, 0, 0, 0),
  allowed('faccessat2', 439, 439, -1, 0, 0, 0),
  allowed('getdents64', 217, 61),
  allowed('renameat2', 316, 276, -1, 0, -1, 0, 0),
  allowed('mknodat', 259, 33, -1, 0, 0, 0),
  allowed('fgetxattr', 193, 10),
  allowed('copy_file_range', 326, 285),
  allowed('splice', 275, 76),
  allowed('sendfile', 40, 71),
  allowed('fallocate', 285, 47),
  allowed('fsync', 74, 82),
  allowed('inotify_init1', 294, 26),
  allowed('inotify_add_watch', 254, 27),
  allowed('io_setup', 206, 0, 0, 0),
  allowed('mmap', 9, 222, 0, 0, 0, 0, -1, 0),
  allowed('mprotect', 10, 226, 0, 0, 0),
  allowed('madvise', 28, 233, 0, 0, 0),
  allowed('mlock', 149, 228, 0, 0),
  allowed('memfd_create', 319, 279, 0, 0),
  allowed('execve', 59, 221, 0, 0, 0),
  allowed('wait4', 61, 260, -1, 0, -1, 0),
  allowed('pidfd_open', 434, 434),
  allowed('pidfd_send_signal', 424, 424),
  allowed('kill', 62, 129, 0, 0),
  allowed('futex', 202, 98, 0, 1, 0, 0, 0, 0),
  allowed('futex_waitv', 449, 449),
  allowed('rseq', 334, 293, 0, 0, -1, 0),
  allowed('membarrier', 324, 283, 0, 0, 0),
  allowed('sched_getaffinity', 204, 123, 0, 0, 0),
  allowed('sched_setattr', 314, 274, 0, 0, 0),
  allowed('prlimit64', 302, 261, 0, 0, 0, 0),
  allowed('rt_sigaction', 13, 134),
  allowed('signalfd4', 289, 74),
  allowed('getresuid', 118, 148, 0, 0, 0),
  allowed('capget', 125, 90, 0, 0),
  allowed('prctl', 157, 167),
  allowed('seccomp', 317, 277),
  allowed('landlock_create_ruleset', 444, 444, 0, 0, 1),
  allowed('clock_gettime', 228, 113),
  allowed('clock_nanosleep', 230, 115),
  allowed('timer_create', 222, 107, -1, 0, 0),
  allowed('timerfd_create', 283, 85),
  allowed('ppoll', 271, 73, 0, -1, 0, 0, 0),
  allowed('epoll_create1', 291, 20),
  allowed('epoll_pwait2', 441, 441),
  allowed('eventfd2', 290, 19),
  allowed('bind', 49, 200),
  allowed('connect', 42, 203),
  allowed('accept4', 288, 242),
  allowed('sendmmsg', 307, 269),
  allowed('shmget', 29, 194, 0, 0, 0),
  allowed('semtimedop', 220, 192),
  allowed('msgget', 68, 186, 0, 0),
  allowed('mq_open', 240, 180, 0, 0, 0, 0),
  allowed('getrandom', 318, 278, 0, 0, 0),
  allowed('uname', 63, 160, 0),
]
