import { readdirSync, readFileSync } from 'node:fs'

/** Reads a file of /proc; `undefined` when its process is gone or not ours, or there is no /proc. */
export function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}

/**
 * Finds the processes whose environment holds `marker`, whatever became of their parents, groups and sessions: the
 * environment a process was started with is the one thing that a daemon keeps.
 *
 * @param above - the pid of an ancestor: pids rise, so smaller ones need no look unless the numbers began anew
 */
export function findMarked(marker: string, above = 0): number[] {
  const lastPid = Number(readProc('/proc/loadavg')?.trim().split(' ').at(-1) ?? 0)
  const from = lastPid >= above ? above : 0
  return listPids().filter((pid) => pid > from && hasMarker(pid, marker))
}

function listPids(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger)
  } catch {
    return []
  }
}

function hasMarker(pid: number, marker: string): boolean {
  return readProc(`/proc/${pid}/environ`)?.split('\0').includes(marker) ?? false
}

/** Sends a signal to a process, or with a negative number to a group; a process that is gone is fine. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
