import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setImmediate as immediately } from 'node:timers/promises'

/** Brings what was written to a database to the disk. */
export interface Flusher {
  /** Says that something has been, or is about to be, written. */
  noteWrite(): void
  /** Resolves when all that was written before is on the disk. */
  flush(): Promise<void>
  /** Resolves when nothing is under way any more; nothing may be flushed afterwards. */
  close(): Promise<void>
}

/** A file that can be brought to the disk. */
export interface SyncedFile {
  datasync(): Promise<void>
  close(): Promise<void>
}

/**
 * Makes a {@link Flusher} over the write-ahead log of a database. SQLite itself would do this at the end of each
 * transaction, one after the other, while the whole process waits; this way writers go on, and share one look at the disk.
 * The log is written in order: what is on the disk has all that was committed before it.
 */
export function createFlusher(walPath: string, openFile = openSynced): Flusher {
  let file: Promise<SyncedFile> | undefined
  let isDirty = false
  let next: Promise<void> | undefined
  let running: Promise<void> | undefined

  const openOnce = (): Promise<SyncedFile> =>
    (file ??= openFile(walPath).catch((error: unknown) => {
      // The next look tries again.
      file = undefined
      throw error
    }))
  const sync = async (): Promise<void> => {
    isDirty = false
    try {
      await (await openOnce()).datasync()
    } catch (error) {
      isDirty = true
      throw error
    }
  }
  /** Looks at the disk once the last look is over, and those who write at this moment have done so. */
  const begin = async (): Promise<void> => {
    // Who waits for the last one hears of its failure.
    await Promise.allSettled([running, immediately()])
    next = undefined
    running = sync()
    await running.finally(() => (running = undefined))
  }

  return {
    noteWrite: () => (isDirty = true),
    flush() {
      // What is under way may have begun before the last write.
      if (isDirty) next ??= begin()
      return next ?? running ?? Promise.resolve()
    },
    async close() {
      await Promise.allSettled([running, next])
      await (await file?.catch(() => undefined))?.close()
    },
  }
}

async function openSynced(path: string): Promise<SyncedFile> {
  // A file that is new is found after a power cut only when its folder is on the disk as well.
  if (process.platform !== 'win32') {
    await using folder = await open(dirname(path), 'r')
    await folder.sync()
  }
  return open(path, 'r+')
}
