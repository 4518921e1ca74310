import type { Status } from '@rgrid/protocol'

type Listener = (status: Status, message: string | null) => void

/** Tells its watchers of each new status, and newcomers of the present one. */
export interface StatusBoard {
  set(status: Status, message: string | null): void
  watch(listener: Listener): () => void
}

/** Makes a {@link StatusBoard}. The same status twice, as after a cut connection, is told once. */
export function createStatusBoard(): StatusBoard {
  const listeners = new Set<Listener>()
  let now: { status: Status; message: string | null } | undefined
  return {
    set(status, message) {
      if (now?.status === status && now.message === message) return
      now = { status, message }
      for (const listener of listeners) listener(status, message)
    },
    watch(listener) {
      listeners.add(listener)
      if (now !== undefined) listener(now.status, now.message)
      return () => void listeners.delete(listener)
    },
  }
}
