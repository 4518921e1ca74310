import type { Status } from '@rgrid/protocol'
import type { StatusListener } from '../types.js'

/** Tells its watchers of each new status, and newcomers of the present one. */
export interface StatusBoard {
  set(status: Status, message: string | null, attempt: number): void
  watch(listener: StatusListener): () => void
}

/** Makes a {@link StatusBoard}. The same status twice, as after a cut connection, is told once. */
export function createStatusBoard(): StatusBoard {
  const listeners = new Set<StatusListener>()
  let now: Parameters<StatusListener> | undefined
  return {
    set(...next) {
      if (now !== undefined && next.every((part, index) => part === now?.[index])) return
      now = next
      for (const listener of listeners) listener(...next)
    },
    watch(listener) {
      listeners.add(listener)
      if (now !== undefined) listener(...now)
      return () => void listeners.delete(listener)
    },
  }
}
