/** Someone who waits for a task that others may wait for too. */
export interface Waiter {
  readonly onProgress: (message: string) => void
  /** Aborts when this one does not want the result any more. */
  readonly signal: AbortSignal
}

/** Tasks that are done once at a time for all that want the same. */
export interface SharedTasks<T> {
  /** Joins the task of that key, or starts it. It is aborted when all who waited for it have left. */
  join(key: string, waiter: Waiter, start: (all: Waiter) => Promise<T>): Promise<T>
  /** Resolves when there is no task, or no longer. */
  whenIdle(): Promise<void>
  /** Aborts all tasks, and resolves when they have cleaned up. */
  close(reason: Error): Promise<void>
}

interface Task<T> {
  readonly waiters: Set<Waiter>
  readonly result: Promise<T>
  readonly abort: AbortController
  lastMessage: string | undefined
}

/** Makes an empty set of tasks. */
export function createSharedTasks<T>(): SharedTasks<T> {
  const tasks = new Map<string, Task<T>>()
  // Those too that were aborted and are not over yet.
  const results = new Set<Promise<T>>()

  const open = (key: string, start: (all: Waiter) => Promise<T>): Task<T> => {
    const abort = new AbortController()
    const waiters = new Set<Waiter>()
    const onProgress = (message: string): void => {
      task.lastMessage = message
      for (const waiter of waiters) waiter.onProgress(message)
    }
    // A moment later, so that the first waiter is there by then.
    const result = Promise.resolve().then(() => start({ onProgress, signal: abort.signal }))
    const task: Task<T> = { waiters, result, abort, lastMessage: undefined }
    const forget = (): void => {
      if (tasks.get(key) === task) tasks.delete(key)
    }
    tasks.set(key, task)
    results.add(result)
    const remove = (): void => void results.delete(result)
    result.then(remove, remove)
    abort.signal.addEventListener('abort', forget)
    result.then(forget, forget)
    return task
  }

  return {
    async join(key, waiter, start) {
      waiter.signal.throwIfAborted()
      const task = tasks.get(key) ?? open(key, start)
      task.waiters.add(waiter)
      if (task.lastMessage !== undefined) waiter.onProgress(task.lastMessage)
      try {
        return await orAborted(task.result, waiter.signal)
      } finally {
        task.waiters.delete(waiter)
        if (task.waiters.size === 0) task.abort.abort(new Error('nobody waits for it any more'))
      }
    },
    async whenIdle() {
      while (tasks.size > 0) await Promise.allSettled([...tasks.values()].map(({ result }) => result))
    },
    async close(reason) {
      for (const { abort } of [...tasks.values()]) abort.abort(reason)
      await Promise.allSettled(results)
    },
  }
}

async function orAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  const over = new AbortController()
  const aborted = new Promise<never>((_, reject) => {
    const stop = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', stop, { signal: over.signal, once: true })
  })
  try {
    return await Promise.race([result, aborted])
  } finally {
    over.abort()
  }
}
