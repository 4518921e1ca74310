import { setTimeout as sleep } from 'node:timers/promises'
import type { Running } from '../executor.js'
import { measureDisk } from './measure-disk.js'

/** How much a script may write. */
export interface DiskLimit {
  readonly directory: string
  readonly limitMib: number
  /** What is in the directory at first. */
  readonly inputBytes: number
  /** The processes of the script, as far as they are known. */
  readonly listProcesses: () => readonly number[] | undefined
}

const INTERVAL_MS = 500
// Looking at many files takes its time: a twentieth of the script's at most, but what takes long is not left alone.
const MIN_INTERVAL_PER_LOOK = 20
const MAX_INTERVAL_MS = 5_000
const MIB = 1024 * 1024

/** Kills a script that has written more than it may, and says so as its end. */
export function limitDisk(
  running: Running,
  { directory, limitMib, inputBytes, listProcesses }: DiskLimit,
): Running {
  const over = new AbortController()
  const { signal } = over
  const enoughBytes = limitMib * MIB + inputBytes
  let wasOver = false

  const watch = async (): Promise<void> => {
    for (let delayMs = INTERVAL_MS; ;) {
      await sleep(delayMs, undefined, { signal, ref: false })
      const lookedAt = performance.now()
      const bytes = await measureDisk({ directory, pids: listProcesses() ?? [], signal, enoughBytes })
      if (bytes > enoughBytes && !signal.aborted) {
        wasOver = true
        return running.signal('SIGKILL')
      }
      const restMs = (performance.now() - lookedAt) * MIN_INTERVAL_PER_LOOK
      delayMs = Math.min(Math.max(INTERVAL_MS, restMs), MAX_INTERVAL_MS)
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
