/** Someone who waits for work that others may wait for too. */
export interface Waiter {
  readonly onProgress: (message: string) => void
  readonly signal: AbortSignal
}

/** Work under way, by its name. */
export interface SharedWork<T> {
  /**
   * Waits for the work of that name, which is begun unless it is under way. Rejects with the waiter's own reason when
   * its signal aborts; the work is aborted when nobody waits for it any more.
   */
  join(name: string, waiter: Waiter, work: (common: Waiter) => Promise<T>): Promise<T>
}

interface Group<T> {
  readonly result: Promise<T>
  readonly waiters: Set<Waiter>
  readonly controller: AbortController
  lastMessage: string | undefined
}

/** Makes {@link SharedWork}. */
export function createSharedWork<T>(): SharedWork<T> {
  const groups = new Map<string, Group<T>>()

  const begin = (name: string, work: (common: Waiter) => Promise<T>): Group<T> => {
    const controller = new AbortController()
    const waiters = new Set<Waiter>()
    const onProgress = (message: string): void => {
      group.lastMessage = message
      for (const waiter of waiters) waiter.onProgress(message)
    }
    const result = Promise.resolve()
      .then(() => work({ onProgress, signal: controller.signal }))
      .finally(() => {
        if (groups.get(name) === group) groups.delete(name)
      })
    // Everyone may have left.
    result.catch(() => undefined)
    const group: Group<T> = { result, waiters, controller, lastMessage: undefined }
    groups.set(name, group)
    return group
  }

  return {
    async join(name, { onProgress, signal }, work) {
      signal.throwIfAborted()
      // Of its own, as the same waiter may come twice.
      const waiter: Waiter = { onProgress, signal }
      const group = groups.get(name) ?? begin(name, work)
      group.waiters.add(waiter)
      if (group.lastMessage !== undefined) waiter.onProgress(group.lastMessage)
      try {
        return await orAborted(group.result, waiter.signal)
      } finally {
        group.waiters.delete(waiter)
        if (group.waiters.size === 0) {
          // Whoever comes now must not join what is being aborted.
          if (groups.get(name) === group) groups.delete(name)
          group.controller.abort()
        }
      }
    },
  }
}

function orAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', leave, { once: true })
    result.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
