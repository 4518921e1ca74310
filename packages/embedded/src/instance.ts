import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'

const INSTANCE = /^(\d+)-[0-9a-f]{8}$/

/** Names one life of a runner on this machine, so that a later one can tell what a killed one left behind. */
export function createInstance(): string {
  return `${process.pid}-${randomBytes(4).toString('hex')}`
}

/** Whether the process that a runner lived in is gone. */
export function isDeadInstance(name: string): boolean {
  const pid = INSTANCE.exec(name)?.[1]
  if (pid === undefined) return false
  try {
    process.kill(Number(pid), 0)
    return isZombie(pid)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH'
  }
}

/** A process that has ended still counts as there until its parent asks for it, which in containers may be never. */
function isZombie(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ')
  } catch {
    return false
  }
}
