import { orAborted } from '../../or-aborted.js'

/**
 * Works on items as they come, a few at a time. The next is taken when there is room for it; the first failure ends it, even
 * where no further item comes.
 */
export async function inParallel<T>(
  items: AsyncIterable<T>,
  most: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const failure = new AbortController()
  const running = new Set<Promise<void>>()
  const iterator = items[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await orAborted(iterator.next(), failure.signal)
      if (next.done === true) break
      const one: Promise<void> = work(next.value)
        .catch((error: unknown) => failure.abort(error))
        .finally(() => running.delete(one))
      running.add(one)
      if (running.size >= most) await orAborted(Promise.race(running), failure.signal)
    }
    await orAborted(Promise.all(running), failure.signal)
  } finally {
    iterator.return?.().catch(() => undefined)
  }
}
