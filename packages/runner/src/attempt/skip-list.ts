import type { Skipped } from '@rgrid/protocol'

// The list goes into one request, beside the last of the log and of the files.
const NAMED_BYTES = 256 * 1024
const NAMED_PER_REASON = 100
const REASONS = 100
const PATH_CHARS = 1024
const REASON_CHARS = 200
const OTHERWISE = 'for other reasons'

/** Names what is left behind, and counts for each reason what there is no room to name. */
export interface SkipList {
  add(path: string, reason: string): void
  read(): Skipped[]
}

/** Makes an empty {@link SkipList}. */
export function createSkipList(): SkipList {
  const named: Skipped[] = []
  const counts = new Map<string, { named: number; more: number }>()
  let bytes = 0

  const countOf = (reason: string): { named: number; more: number } => {
    const key = counts.has(reason) || counts.size < REASONS ? reason : OTHERWISE
    const count = counts.get(key) ?? { named: 0, more: 0 }
    counts.set(key, count)
    return count
  }
  return {
    add(path, reason) {
      const skipped = { path: path.slice(0, PATH_CHARS), reason: reason.slice(0, REASON_CHARS) }
      const count = countOf(skipped.reason)
      const size = JSON.stringify(skipped).length
      if (count.named >= NAMED_PER_REASON || bytes + size > NAMED_BYTES) {
        count.more++
        return
      }
      count.named++
      bytes += size
      named.push(skipped)
    },
    read() {
      const more = [...counts].filter(([, count]) => count.more > 0)
      return [
        ...named,
        ...more.map(([reason, count]) => ({ path: '.', reason: `${count.more} more: ${reason}` })),
      ]
    },
  }
}
