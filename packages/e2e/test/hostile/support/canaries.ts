import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const FILES = [
  '/etc/shadow',
  '/etc/passwd',
  '/etc/hosts',
  '/proc/sys/kernel/core_pattern',
  '/proc/sys/kernel/modprobe',
  '/proc/sys/kernel/hostname',
  '/proc/sys/kernel/sysrq',
  '/proc/sys/kernel/pid_max',
  '/proc/sys/vm/overcommit_memory',
  '/proc/sys/vm/drop_caches',
  '/proc/sys/net/ipv4/ip_forward',
]
const MIB = 1024 * 1024
const FREE_FLOOR_MIB = 2048

/** Things of this machine that no script may change. */
export interface Canaries {
  /** What has changed since they were set; nothing, when all is well. */
  findChanges(): string[]
  remove(): void
}

/** Sets canaries. */
export function setCanaries(): Canaries {
  const folder = mkdtempSync(join(tmpdir(), 'rgrid-canary-'))
  const own = join(folder, 'canary')
  writeFileSync(own, 'sings', { mode: 0o666 })
  const files = [...FILES, own]
  const look = (): Map<string, string> =>
    new Map([...files.map((path) => [path, digest(path)] as const), ['/dev/shm', listShm()]])
  const before = look()
  return {
    findChanges() {
      const changes = [...look()].filter(([path, value]) => before.get(path) !== value).map(([path]) => path)
      return getFreeMib() < FREE_FLOOR_MIB ? [...changes, 'free disk'] : changes
    },
    remove: () => rmSync(folder, { recursive: true }),
  }
}

/** How much room the disk of this machine has. */
export function getFreeMib(): number {
  const { bavail, bsize } = statfsSync(tmpdir())
  return (bavail * bsize) / MIB
}

const listShm = (): string =>
  readdirSync('/dev/shm')
    .filter((name) => name.startsWith('rgrid-left'))
    .join()

function digest(path: string): string {
  try {
    const { mode, uid } = statSync(path)
    return `${mode} ${uid} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`
  } catch {
    return 'unreadable'
  }
}
