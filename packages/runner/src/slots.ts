/** A fixed number of places for work. */
export interface Slots {
  /** Resolves with the number of free places once there is one. */
  free(): Promise<number>
  /** Takes a place until the work has ended; the work never rejects. */
  occupy(work: Promise<void>): void
  /** Resolves when all places are free. */
  idle(): Promise<void>
}

/** Makes {@link Slots}. */
export function createSlots(size: number): Slots {
  const busy = new Set<Promise<void>>()
  return {
    async free() {
      while (busy.size >= size) await Promise.race(busy)
      return size - busy.size
    },
    occupy(work) {
      const place = work.finally(() => busy.delete(place))
      busy.add(place)
    },
    async idle() {
      while (busy.size > 0) await Promise.race(busy)
    },
  }
}
