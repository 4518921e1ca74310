import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'

const INSTANCE = /^(\d+)-(?:([0-9a-f]{8})-)?[0-9a-f]{8}$/
// Of what comes behind the name of a process in its `stat`, which may hold anything.
const STATE = 0
const START_TIME = 19

/** Names one life of a runner on this machine, so that a later one can tell what a killed one left behind. */
export function createInstance(): string {
  const birth = getBirth(process.pid)
  return [process.pid, ...(birth === undefined ? [] : [birth]), randomBytes(4).toString('hex')].join('-')
}

/** Whether the process that a runner lived in is gone, also when another has its number by now. */
export function isDeadInstance(name: string): boolean {
  const [, pid, birth] = INSTANCE.exec(name) ?? []
  if (pid === undefined) return false
  try {
    process.kill(Number(pid), 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH'
  }
  // A process that has ended still counts as there until its parent asks for it, which in containers may be never.
  if (readStat(pid)?.[STATE] === 'Z') return true
  const now = getBirth(pid)
  return birth !== undefined && now !== undefined && now !== birth
}

/** Tells a process from all others that had or will have its number; `undefined` where there is no `/proc`. */
function getBirth(pid: number | string): string | undefined {
  const startTime = readStat(pid)?.[START_TIME]
  if (startTime === undefined) return undefined
  const boot = readText('/proc/sys/kernel/random/boot_id') ?? ''
  return createHash('sha256').update(`${boot} ${startTime}`).digest('hex').slice(0, 8)
}

function readStat(pid: number | string): string[] | undefined {
  const text = readText(`/proc/${pid}/stat`)
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}
