import { isOtherWord, isUnderMask, isWord, type ArgumentMatch } from './arguments.js'

/** A system call whose arguments decide. */
export interface ConditionalCall {
  readonly call: string
  readonly reason: string
  /** The calls that may be made: one of these, with all its matches. Any other fails with `EPERM`. */
  readonly allowed: readonly (readonly ArgumentMatch[])[]
  /** The arguments that fail with `EAFNOSUPPORT`. */
  readonly unsupported?: readonly ArgumentMatch[]
}

const FAMILIES = { unix: 1, inet: 2, inet6: 10, netlink: 16 } as const
const SOCKET_TYPES = { stream: 1, datagram: 2 } as const
const SOCKET_TYPE_MASK = 0xf
const PROTOCOLS = { any: 0, icmp: 1, tcp: 6, udp: 17, icmp6: 58 } as const
const NETLINK_ROUTE = 0

// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. NEWTIME is none of clone's flags.
const CLONE_NEW_MASK = 0x7e020000

// Plain Linux, 32-bit uname, and asking without setting.
const PERSONALITIES = [0, 0x8, 0x20000, 0x20008, 0xffffffff]

const TIOCSTI = 0x5412
const TIOCLINUX = 0x541c

const inetSocket = (family: number, type: number, protocol: number): readonly ArgumentMatch[] => [
  isWord(0, family),
  isUnderMask(1, SOCKET_TYPE_MASK, type),
  isWord(2, protocol),
]

const inetSockets = (family: number, ping: number): (readonly ArgumentMatch[])[] => [
  inetSocket(family, SOCKET_TYPES.stream, PROTOCOLS.any),
  inetSocket(family, SOCKET_TYPES.stream, PROTOCOLS.tcp),
  inetSocket(family, SOCKET_TYPES.datagram, PROTOCOLS.any),
  inetSocket(family, SOCKET_TYPES.datagram, PROTOCOLS.udp),
  inetSocket(family, SOCKET_TYPES.datagram, ping),
]

/** The system calls that are allowed with some arguments only. */
export const CONDITIONAL_CALLS: readonly ConditionalCall[] = [
  {
    call: 'socket',
    reason:
      'Local, TCP, UDP and ping sockets, and asking for the interfaces. Others, such as VSOCK to the host, the ' +
      'kernel’s cryptography, SCTP or MPTCP, also make the kernel load modules.',
    allowed: [
      [isWord(0, FAMILIES.unix)],
      ...inetSockets(FAMILIES.inet, PROTOCOLS.icmp),
      ...inetSockets(FAMILIES.inet6, PROTOCOLS.icmp6),
      [isWord(0, FAMILIES.netlink), isWord(2, NETLINK_ROUTE)],
    ],
    unsupported: isOtherWord(0, Object.values(FAMILIES)),
  },
  {
    call: 'socketpair',
    reason: 'Only local sockets come in pairs.',
    allowed: [[isWord(0, FAMILIES.unix)]],
    unsupported: isOtherWord(0, [FAMILIES.unix]),
  },
  {
    call: 'clone',
    reason: 'Processes and threads, in the name spaces that there are.',
    allowed: [[isUnderMask(0, CLONE_NEW_MASK, 0)]],
  },
  {
    call: 'personality',
    reason: 'Other ones take randomness from addresses, or emulate systems that nobody tests.',
    allowed: PERSONALITIES.map((personality) => [isWord(0, personality)]),
  },
  {
    call: 'ioctl',
    reason: 'All but typing into a terminal: TIOCSTI as its user, TIOCLINUX by pasting.',
    allowed: isOtherWord(1, [TIOCSTI, TIOCLINUX]).map((match) => [match]),
  },
]
