import { probe, type Probe } from './probe.js'

const eperm = probe('EPERM')
const allowed = probe('allowed')
const unsupported = probe('EAFNOSUPPORT')

// The kernel does not look at the upper half.
const HIGH_BIT = 2 ** 32

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
