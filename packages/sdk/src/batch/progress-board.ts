import type { BatchCounts, BatchItemEvent } from '@rgrid/protocol'
import { createDeferred } from '../execution/deferred.js'
import type { BatchProgress } from './types.js'

type Listener = (progress: BatchProgress) => void

/** Tells its watchers how far a batch is. */
export interface ProgressBoard {
  /** How many items there will be, once that is known. */
  setTotal(total: number): void
  /** What the server says. */
  setCounts(counts: BatchCounts): void
  /** One more item has ended. */
  addItem(item: BatchItemEvent): void
  /** There will be no more steps; the last are the counts of the end, where there is one. */
  end(counts?: BatchCounts): void
  watch(listener: Listener): () => void
  /** The steps as they come; those that nobody has waited for are left out. */
  read(): AsyncGenerator<BatchProgress, void>
}

const NONE: BatchCounts = { total: 0, queued: 0, running: 0, completed: 0, failed: 0, reused: 0 }

/** Makes a {@link ProgressBoard}. */
export function createProgressBoard(now: () => number = () => performance.now()): ProgressBoard {
  const listeners = new Set<Listener>()
  let counts = NONE
  let total: number | undefined
  // Between two words of the server the ends of items are counted here.
  let seen = { completed: 0, failed: 0, reused: 0 }
  let baseline: { readonly at: number; readonly worked: number } | undefined
  let progress: BatchProgress | undefined
  let ended = false
  let wake = createDeferred<undefined>()

  const measure = (): BatchProgress => {
    const all = Math.max(total ?? 0, counts.total)
    const failed = Math.max(counts.failed, seen.failed)
    const done = Math.min(Math.max(counts.completed, seen.completed) + failed, all)
    const reused = Math.max(counts.reused, seen.reused)
    const worked = Math.max(0, done - reused)
    if (counts.total > 0) baseline ??= { at: now(), worked }
    const known = total !== undefined
    const left = all - done
    return {
      done,
      failed,
      reused: Math.min(reused, done),
      running: Math.min(counts.running, left),
      queued: Math.max(0, Math.min(left, counts.total - done) - counts.running),
      total: all,
      percent: known ? (all === 0 ? 100 : Math.floor((done / all) * 100)) : null,
      etaMs: known ? estimate(left, worked) : null,
    }
  }
  const estimate = (left: number, worked: number): number | null => {
    if (left === 0) return 0
    if (baseline === undefined || worked <= baseline.worked) return null
    return Math.round(((now() - baseline.at) / (worked - baseline.worked)) * left)
  }
  const tell = (): void => {
    progress = measure()
    for (const listener of listeners) listener(progress)
    wake.resolve(undefined)
    wake = createDeferred()
  }

  return {
    setTotal(all) {
      total = all
      tell()
    },
    setCounts(next) {
      counts = next
      tell()
    },
    addItem({ outcome, execution }) {
      seen[execution.status === 'completed' ? 'completed' : 'failed'] += 1
      if (outcome === 'reused') seen.reused += 1
      tell()
    },
    end(last) {
      ended = true
      if (last !== undefined) {
        counts = last
        total = last.total
        seen = { completed: 0, failed: 0, reused: 0 }
      }
      tell()
    },
    watch(listener) {
      listeners.add(listener)
      if (progress !== undefined) listener(progress)
      return () => void listeners.delete(listener)
    },
    async *read() {
      for (let last: BatchProgress | undefined; ;) {
        if (progress !== undefined && progress !== last) yield (last = progress)
        else if (ended) return
        else await wake.promise
      }
    },
  }
}
