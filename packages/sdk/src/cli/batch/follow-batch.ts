import type { Batch, BatchResult, BatchSummary } from '../../batch/types.js'
import { messageOf } from '../errors.js'
import { inParallel } from './in-parallel.js'
import type { BatchView } from './batch-view.js'
import type { SavedItem } from './save-item.js'

/** What is done with each item when it has ended. */
export interface FollowOptions {
  readonly view: BatchView
  readonly printLogs: boolean
  /** @default files stay where they are */
  readonly save?: ((item: SavedItem) => Promise<string[]>) | undefined
}

/** How a batch went, and what could not be brought home. */
export interface Followed {
  readonly summary: BatchSummary
  /** How many items have files that could not be saved. */
  readonly unsaved: number
  /** Whether any file was saved. */
  readonly hasSaved: boolean
}

const PARALLEL = 4

/** Shows a batch from its first item to its end, and saves the files of each item as it ends. */
export async function followBatch(batch: Batch, { view, printLogs, save }: FollowOptions): Promise<Followed> {
  // When showing fails, nobody waits for the summary any more.
  batch.catch(() => {})
  const stop = batch.onProgress((progress) => view.progress(progress))
  let unsaved = 0
  let hasSaved = false
  // Of logs only one is written at a time, as their lines belong together.
  let writing = Promise.resolve()

  const saveItem = async (result: BatchResult): Promise<readonly string[]> => {
    if (save === undefined || result.artifacts.length === 0) return []
    try {
      const saved = await save(result)
      hasSaved ||= saved.length > 0
      return saved
    } catch (error) {
      unsaved++
      await view.note(`the files of ${result.name} could not be saved: ${messageOf(error)}`)
      return []
    }
  }
  const take = async (result: BatchResult): Promise<void> => {
    const saved = await saveItem(result)
    writing = writing.then(async () => {
      if (printLogs) await view.logs(result.name, result.logs())
      await view.item(result, saved)
    })
    await writing
  }
  try {
    await inParallel(batch, PARALLEL, take)
    return { summary: await batch, unsaved, hasSaved }
  } finally {
    stop()
    view.stop()
  }
}
