import { statfs } from 'node:fs/promises'
import type { Logger } from './logger.js'
import { pause } from './pause.js'

const RECHECK_MS = 5_000
const MIB = 1024 * 1024

/** Waits until the disk of a directory has enough free space, and says so once when it has not. Ends early with `signal`. */
export async function untilThereIsRoom(
  directory: string,
  minFreeMib: number,
  logger: Logger,
  signal: AbortSignal,
  measure = measureFreeMib,
): Promise<void> {
  for (let hasWarned = false; minFreeMib > 0 && !signal.aborted;) {
    const freeMib = await measure(directory)
    if (freeMib >= minFreeMib) return
    if (!hasWarned)
      logger.warn(`nothing is claimed: ${freeMib} MiB of disk are free, and ${minFreeMib} have to stay so`)
    hasWarned = true
    await pause(RECHECK_MS, signal).catch(() => undefined)
  }
}

async function measureFreeMib(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory)
  return Math.floor((bavail * bsize) / MIB)
}
