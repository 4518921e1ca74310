import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Running } from '../executor.js'

/** How much a script may write. */
export interface DiskLimit {
  readonly directory: string
  readonly limitMib: number
  /** What is in the directory at first. */
  readonly inputBytes: number
}

const INTERVAL_MS = 500
// Looking at many files takes its time: a twentieth of the script's at most.
const MIN_INTERVAL_PER_LOOK = 20
const BLOCK_BYTES = 512
const MIB = 1024 * 1024

/** Kills a script that has written more than it may, and says so as its end. */
export function limitDisk(running: Running, { directory, limitMib, inputBytes }: DiskLimit): Running {
  const over = new AbortController()
  const limitBytes = limitMib * MIB
  let wasOver = false

  const watch = async (): Promise<void> => {
    for (let delayMs = INTERVAL_MS; ;) {
      await sleep(delayMs, undefined, { signal: over.signal, ref: false })
      const lookedAt = performance.now()
      const bytes = await measureDirectory(directory, over.signal)
      if (bytes > limitBytes + inputBytes && !over.signal.aborted) {
        wasOver = true
        return running.signal('SIGKILL')
      }
      delayMs = Math.max(INTERVAL_MS, (performance.now() - lookedAt) * MIN_INTERVAL_PER_LOOK)
    }
  }
  watch().catch(() => undefined)

  return {
    ...running,
    exit: running.exit.then((exit) => {
      over.abort()
      if (!wasOver || exit.cause !== 'signal') return exit
      const message = `the script wrote more than ${limitMib} MiB to its working directory`
      return { ...exit, cause: 'output_limit', message }
    }),
  }
}

/** How much disk the files below a directory take. Links are not followed. */
export async function measureDirectory(directory: string, signal: AbortSignal): Promise<number> {
  let blocks = 0
  const walk = async (folder: string): Promise<void> => {
    // What goes away meanwhile takes no room.
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      if (signal.aborted) return
      const path = join(folder, entry.name)
      if (entry.isDirectory()) await walk(path)
      else blocks += (await lstat(path).catch(() => undefined))?.blocks ?? 0
    }
  }
  await walk(directory)
  return blocks * BLOCK_BYTES
}
