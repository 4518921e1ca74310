/** Lets a few at a time work, in the order in which they came. */
export interface Turns {
  /** Whether the next to come would have to wait. */
  readonly isFull: boolean
  /** Runs `work` when it is its turn; rejects with the signal's reason when that aborts before. */
  take<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>
}

/** Makes {@link Turns}. */
export function createTurns(size: number): Turns {
  const queue: (() => void)[] = []
  let busy = 0

  const wait = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const enter = (): void => {
        signal.removeEventListener('abort', leave)
        busy++
        resolve()
      }
      const leave = (): void => {
        queue.splice(queue.indexOf(enter), 1)
        reject(signal.reason as Error)
      }
      if (busy < size) return enter()
      queue.push(enter)
      signal.addEventListener('abort', leave, { once: true })
    })

  return {
    get isFull() {
      return busy >= size
    },
    async take(signal, work) {
      signal.throwIfAborted()
      await wait(signal)
      try {
        return await work()
      } finally {
        busy--
        queue.shift()?.()
      }
    },
  }
}
