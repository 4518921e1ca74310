import type { Skipped } from '@rgrid/protocol'

// As many as a report may hold.
const MAX_SKIPPED = 1000
const MAX_PATH_CHARS = 4096

/** Names what is left behind, and counts what there is no room to name. */
export interface SkipList {
  add(path: string, reason: string): void
  read(): Skipped[]
}

/** Makes an empty {@link SkipList}. */
export function createSkipList(): SkipList {
  const named: Skipped[] = []
  let count = 0
  return {
    add(path, reason) {
      count++
      if (named.length < MAX_SKIPPED) named.push({ path: path.slice(0, MAX_PATH_CHARS), reason })
    },
    read() {
      if (count === named.length) return [...named]
      const first = named.slice(0, MAX_SKIPPED - 1)
      return [...first, { path: '.', reason: `and ${count - first.length} more are left behind` }]
    },
  }
}
