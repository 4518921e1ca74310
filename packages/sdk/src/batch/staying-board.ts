import type { Staying } from '../files/keep-links.js'

type Listener = (staying: readonly Staying[]) => void

/** Tells its watchers what was found for a batch and does not travel. */
export interface StayingBoard {
  readonly tell: Listener
  readonly watch: (listener: Listener) => () => void
}

/** Makes a {@link StayingBoard}. What nobody has listened to is forgotten, as there may be any amount of it. */
export function createStayingBoard(): StayingBoard {
  const listeners = new Set<Listener>()
  return {
    tell(staying) {
      if (staying.length > 0) for (const listener of listeners) listener(staying)
    },
    watch(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
