/** How much goes into a chunk. */
export interface ChunkLimits<T> {
  readonly items: number
  readonly bytes: number
  readonly bytesOf: (item: T) => number
  /** How long the first item of a chunk waits for others; `undefined` where they all are there. */
  readonly lingerMs: number | undefined
}

/**
 * Gathers items into chunks: full ones where items come fast, and what is there after a moment where they do not. The next
 * item is asked for before the chunk is taken, and no more.
 */
export async function* chunkItems<T>(
  items: AsyncIterable<T>,
  { items: most, bytes: mostBytes, bytesOf, lingerMs }: ChunkLimits<T>,
): AsyncGenerator<T[], void> {
  const iterator = items[Symbol.asyncIterator]()
  let chunk: T[] = []
  let bytes = 0
  const take = (): T[] => {
    const full = chunk
    chunk = []
    bytes = 0
    return full
  }
  try {
    for (let next = ask(iterator), since = performance.now(); ;) {
      const isWaiting = lingerMs !== undefined && chunk.length > 0
      const come = isWaiting ? await within(next, since + lingerMs - performance.now()) : await next
      if (come === undefined) {
        yield take()
        continue
      }
      if (come.done === true) break
      const size = bytesOf(come.value)
      if (chunk.length > 0 && bytes + size > mostBytes) yield take()
      if (chunk.length === 0) since = performance.now()
      chunk.push(come.value)
      bytes += size
      next = ask(iterator)
      if (chunk.length >= most) yield take()
    }
    if (chunk.length > 0) yield take()
  } finally {
    // What is asked for and never comes must not hold the end.
    iterator.return?.().catch(() => undefined)
  }
}

/** Asks for the next item. That it fails is heard of when the chunks before it have been taken. */
function ask<T>(iterator: AsyncIterator<T>): Promise<IteratorResult<T>> {
  const next = iterator.next()
  next.catch(() => undefined)
  return next
}

/** What a promise has become after a time, or `undefined`. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined)
  })
  try {
    return await Promise.race([promise, timeout])
  } finally {
    clearTimeout(timer)
  }
}
