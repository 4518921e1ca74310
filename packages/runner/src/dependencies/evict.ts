/** Something on the disk that can be made again. */
export interface Evictable {
  readonly bytes: number
  readonly usedAtMs: number
  /** Whether the runner that asks uses it. */
  readonly isRetained: boolean
}

/** How much may stay, and for how long. */
export interface EvictionPolicy {
  readonly maxBytes: number
  readonly maxIdleMs: number
  /** What was used by anyone so lately stays: other runners say that they use something once in a while only. */
  readonly spareMs: number
}

/** Chooses what goes: what nobody has used for long, then the longest unused until the rest fits. */
export function chooseEvicted<T extends Evictable>(
  items: readonly T[],
  { maxBytes, maxIdleMs, spareMs }: EvictionPolicy,
  nowMs: number,
): T[] {
  let bytes = items.reduce((sum, item) => sum + item.bytes, 0)
  const evicted: T[] = []
  for (const item of items.toSorted((a, b) => a.usedAtMs - b.usedAtMs)) {
    const idleMs = nowMs - item.usedAtMs
    if (item.isRetained || idleMs < spareMs) continue
    if (idleMs < maxIdleMs && bytes <= maxBytes) continue
    evicted.push(item)
    bytes -= item.bytes
  }
  return evicted
}
