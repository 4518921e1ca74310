// What an attempt printed last is on its way to the screen when its end is known.
const SETTLE_MS = 100

/** Says that a script is started again, behind the output of the attempt before. */
export interface RetryNote {
  /** @param attempt - the one that has ended */
  tell(message: string, attempt: number): void
  /** Says now what is still to be said, where a piece of `nextAttempt` or nothing more follows. */
  flush(nextAttempt?: number): Promise<void>
}

/** Makes a {@link RetryNote}. The same message twice is said once. */
export function createRetryNote(say: (message: string) => Promise<void>): RetryNote {
  let pending:
    { readonly message: string; readonly attempt: number; readonly timer: NodeJS.Timeout } | undefined
  let last: string | undefined

  const flush = async (nextAttempt = Infinity): Promise<void> => {
    if (pending === undefined || nextAttempt <= pending.attempt) return
    const { message, timer } = pending
    clearTimeout(timer)
    pending = undefined
    await say(message)
  }
  return {
    tell(message, attempt) {
      if (message === last) return
      last = message
      clearTimeout(pending?.timer)
      pending = { message, attempt, timer: setTimeout(() => void flush().catch(() => {}), SETTLE_MS).unref() }
    },
    flush,
  }
}
