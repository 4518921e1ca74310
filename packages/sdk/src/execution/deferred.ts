/** A promise with its ends in the hands of whoever made it. */
export interface Deferred<T> {
  readonly promise: Promise<T>
  resolve(value: T): void
  reject(error: unknown): void
}

/** Makes a {@link Deferred}; Node 20 has no `Promise.withResolvers` yet. */
export function createDeferred<T>(): Deferred<T> {
  let ends: Omit<Deferred<T>, 'promise'> | undefined
  const promise = new Promise<T>((resolve, reject) => (ends = { resolve, reject }))
  return { promise, resolve: (value) => ends?.resolve(value), reject: (error) => ends?.reject(error) }
}
