/**
 * Works on items as they come, a few at a time. The next is taken when there is room for it; the first failure ends it, even
 * where no further item comes.
 */
export async function inParallel<T>(
  items: AsyncIterable<T>,
  most: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let fail = (_error: unknown): void => {}
  const failure = new Promise<never>((_, reject) => {
    fail = reject
  })
  failure.catch(() => undefined)
  const running = new Set<Promise<void>>()
  const iterator = items[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), failure])
      if (next.done === true) break
      const one: Promise<void> = work(next.value)
        .catch(fail)
        .finally(() => running.delete(one))
      running.add(one)
      if (running.size >= most) await Promise.race([...running, failure])
    }
    await Promise.race([Promise.all(running), failure])
  } finally {
    iterator.return?.().catch(() => undefined)
  }
}
