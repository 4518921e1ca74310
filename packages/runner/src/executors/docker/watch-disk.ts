import { setTimeout as sleep } from 'node:timers/promises'
import type { Running } from '../executor.js'
import { measureDisk } from './measure-disk.js'

/** How much a script may write, and how that is looked at. */
export interface UseLimit extends Pick<DiskWatch, 'intervalMs' | 'maxIntervalMs'> {
  readonly limitMib: number
  /** What is there at first. */
  readonly inputBytes: number
  /** How much there is; more than `enoughBytes` need not be counted. */
  readonly measure: (enoughBytes: number, signal: AbortSignal) => Promise<number>
}

/** How much a script may write to a directory. */
export interface DiskLimit extends Pick<UseLimit, 'limitMib' | 'inputBytes'> {
  readonly directory: string
  /** The processes of the script, as far as they are known. */
  readonly listProcesses: () => readonly number[] | undefined
}

const MIB = 1024 * 1024

/** Kills a script that has written more than it may to a directory, and says so as its end. */
export function limitDisk(running: Running, { directory, listProcesses, ...limit }: DiskLimit): Running {
  return limitUse(running, {
    ...limit,
    measure: (enoughBytes, signal) =>
      measureDisk({ directory, pids: listProcesses() ?? [], signal, enoughBytes }),
  })
}

/** Kills a script that has written more than it may, and says so as its end. */
export function limitUse(running: Running, { limitMib, inputBytes, measure, ...pace }: UseLimit): Running {
  const over = new AbortController()
  const { signal } = over
  const enoughBytes = limitMib * MIB + inputBytes
  let wasOver = false

  watchDisk({
    ...pace,
    signal,
    isOver: async () => (await measure(enoughBytes, signal)) > enoughBytes,
    onOver() {
      wasOver = true
      return running.signal('SIGKILL')
    },
  })

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

/** What is looked at again and again. */
export interface DiskWatch {
  /** Ends the watch. */
  readonly signal: AbortSignal
  readonly isOver: () => Promise<boolean>
  /** Is called once at most; nothing is looked at any more then. */
  readonly onOver: () => void | Promise<void>
  /** @default 500 */
  readonly intervalMs?: number
  /** @default 5000 */
  readonly maxIntervalMs?: number
}

const INTERVAL_MS = 500
// Looking at many files takes its time: a twentieth of the script's at most, but what takes long is not left alone.
const MIN_INTERVAL_PER_LOOK = 20
const MAX_INTERVAL_MS = 5_000

/** Looks at the disk until there is too much on it, or the signal aborts. */
export function watchDisk({ signal, isOver, onOver, ...pace }: DiskWatch): void {
  const { intervalMs = INTERVAL_MS, maxIntervalMs = MAX_INTERVAL_MS } = pace
  const watch = async (): Promise<void> => {
    for (let delayMs = intervalMs; ;) {
      await sleep(delayMs, undefined, { signal, ref: false })
      const lookedAt = performance.now()
      // What a look misses that fails, the next one sees.
      if ((await isOver().catch(() => false)) && !signal.aborted) return onOver()
      const restMs = (performance.now() - lookedAt) * MIN_INTERVAL_PER_LOOK
      delayMs = Math.min(Math.max(intervalMs, restMs), maxIntervalMs)
    }
  }
  watch().catch(() => undefined)
}
