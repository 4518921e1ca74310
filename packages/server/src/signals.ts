/** A subscription to one topic. It remembers a notification that comes between two waits. */
export interface Watch {
  /** Resolves with the next notification, after `timeoutMs`, or when `signal` aborts; never rejects. */
  wait(timeoutMs: number, signal?: AbortSignal): Promise<void>
  close(): void
}

/** Notifications within this process. They only make things fast: whoever waits also looks again by itself. */
export interface Signals {
  notify(topic: string): void
  /** The same a moment later: for what nobody waits for as much as for what this process is about to do next. */
  notifySoon(topic: string): void
  /** The same when a time has passed. */
  notifyLater(topic: string, afterMs: number): void
  /** Wakes everyone who waits, on any topic. */
  notifyAll(): void
  watch(topic: string): Watch
}

// A script that starts meanwhile has it before; nobody sees such a delay of a status.
const SOON_MS = 30

/** The topic of the queue of a project and pool. */
export const queueTopic = (project: string, pool: string): string => `queue:${project}:${pool}`

/** The topic of the batches of a project. */
export const batchTopic = (project: string): string => `batches:${project}`

/** The topic of an execution: its status and its log. */
export const executionTopic = (id: string): string => id

/** The topic of what the runner of an execution must hear at once. */
export const controlTopic = (id: string): string => `control:${id}`

// A timer may fire before a clock in whole milliseconds says so.
const CLOCK_MS = 2

/** Makes {@link Signals}. */
export function createSignals(): Signals {
  const topics = new Map<string, Set<() => void>>()
  const notify = (topic: string): void => {
    for (const wake of topics.get(topic) ?? []) wake()
  }

  return {
    notify,
    notifySoon: (topic) => void setTimeout(notify, SOON_MS, topic).unref(),
    notifyLater: (topic, afterMs) => void setTimeout(notify, afterMs + CLOCK_MS, topic).unref(),

    notifyAll() {
      for (const watchers of topics.values()) for (const wake of watchers) wake()
    },

    watch(topic) {
      const watchers = topics.get(topic) ?? new Set()
      topics.set(topic, watchers)
      let isDirty = false
      let resolveWait: (() => void) | undefined
      const wake = (): void => {
        isDirty = true
        resolveWait?.()
      }
      watchers.add(wake)
      return {
        async wait(timeoutMs, signal) {
          if (!isDirty && signal?.aborted !== true)
            await waitOnce(timeoutMs, signal, (resolve) => (resolveWait = resolve))
          resolveWait = undefined
          isDirty = false
        },
        close() {
          watchers.delete(wake)
          if (watchers.size === 0 && topics.get(topic) === watchers) topics.delete(topic)
          resolveWait?.()
        },
      }
    },
  }
}

async function waitOnce(
  timeoutMs: number,
  signal: AbortSignal | undefined,
  onReady: (resolve: () => void) => void,
): Promise<void> {
  await new Promise<void>((resolve) => {
    // Unref'd, as a runner that waits for work must not keep a program alive that embeds it.
    const timer = setTimeout(finish, timeoutMs).unref()
    signal?.addEventListener('abort', finish)
    onReady(finish)
    function finish(): void {
      clearTimeout(timer)
      signal?.removeEventListener('abort', finish)
      resolve()
    }
  })
}
