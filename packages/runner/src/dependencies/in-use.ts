import { utimes } from 'node:fs/promises'
import type { Logger } from '../logger.js'

/** The paths that this runner uses, each as often as it was retained. */
export interface InUse {
  has(path: string): boolean
  /** Counts a use until the returned function is called. */
  retain(path: string): () => void
  close(): void
}

const BEAT_MS = 60_000

/** Makes {@link InUse}: for other runners, the times of the paths are set to now once a minute. */
export function createInUse(logger: Logger): InUse {
  const counts = new Map<string, number>()
  const beat = setInterval(() => void touchAll(counts.keys(), logger), BEAT_MS)
  beat.unref()
  return {
    has: (path) => counts.has(path),
    retain(path) {
      counts.set(path, (counts.get(path) ?? 0) + 1)
      let isRetained = true
      return () => {
        if (!isRetained) return
        isRetained = false
        const left = (counts.get(path) ?? 1) - 1
        if (left === 0) counts.delete(path)
        else counts.set(path, left)
      }
    },
    close: () => clearInterval(beat),
  }
}

async function touchAll(paths: Iterable<string>, logger: Logger): Promise<void> {
  const now = new Date()
  for (const path of paths)
    await utimes(path, now, now).catch((error: unknown) => logger.warn(`${path}: ${String(error)}`))
}
