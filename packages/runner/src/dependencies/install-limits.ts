import { measureDisk } from '../executors/docker/measure-disk.js'
import { watchDisk } from '../executors/docker/watch-disk.js'
import type { InstallJob } from './installer.js'

/** How much an installation may take. */
export interface LimitOptions {
  /** @default 10 minutes */
  readonly timeoutMs?: number | undefined
  /** What it may write, the growth of its cache included. @default 8192 */
  readonly diskMib?: number | undefined
  /** Those who may hold files open that have no name any more. @default nobody */
  readonly listProcesses?: (() => readonly number[] | undefined) | undefined
}

/** What holds one installation to its limits. */
export interface InstallLimits {
  /** Aborts when the installation goes beyond a limit. */
  readonly signal: AbortSignal
  /** Says which limit that was. */
  explain(): string | undefined
  /** Looks once more, at the end: the last of it may have been written since the last look. */
  look(): Promise<void>
  stop(): void
}

const TIMEOUT_MS = 10 * 60 * 1000
const DISK_MIB = 8 * 1024
const MIB = 1024 * 1024

/** Watches an installation from now on until {@link InstallLimits.stop}. */
export function createInstallLimits(
  { directory, cacheDirectory }: Pick<InstallJob, 'directory' | 'cacheDirectory'>,
  { timeoutMs = TIMEOUT_MS, diskMib = DISK_MIB, listProcesses = () => [] }: LimitOptions,
): InstallLimits {
  const late = AbortSignal.timeout(timeoutMs)
  const full = new AbortController()
  const over = new AbortController()
  const enoughBytes = diskMib * MIB
  // What is not there takes no room.
  const measure = (path: string, pids: readonly number[], most: number): Promise<number> =>
    measureDisk({ directory: path, pids, signal: over.signal, enoughBytes: most }).catch(() => 0)
  // Nobody waits for this: what the installer writes meanwhile is little beside the limit.
  const cachedBefore = measure(cacheDirectory, [], Infinity)
  const isOver = async (): Promise<boolean> => {
    const bytes = await measure(directory, listProcesses() ?? [], enoughBytes)
    const mostCached = enoughBytes - bytes + (await cachedBefore)
    return bytes > enoughBytes || (await measure(cacheDirectory, [], mostCached)) > mostCached
  }
  watchDisk({ signal: over.signal, isOver, onOver: () => full.abort() })
  return {
    signal: AbortSignal.any([late, full.signal]),
    explain() {
      if (full.signal.aborted) return `the installation wrote more than ${diskMib} MiB to the disk`
      if (late.aborted) return `the installation took over ${timeoutMs / 1000} seconds`
      return undefined
    },
    async look() {
      if (await isOver()) full.abort()
    },
    stop: () => over.abort(),
  }
}
