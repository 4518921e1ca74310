/** Immutable bytes named by their SHA-256. It knows no tenants: the store's index says who has which blob. */
export interface BlobStore {
  /**
   * Stores a blob while checking it; its bytes are safe on disk when this resolves.
   *
   * @throws RGridError `digest_mismatch`, `too_large` or `storage_full`; nothing is stored then.
   */
  put(
    sha256: string,
    body: AsyncIterable<Uint8Array>,
    limits: { readonly maxBytes: number },
  ): Promise<{ readonly size: number }>
  /** The bytes of a blob; `undefined` when it is not there. */
  open(sha256: string): Promise<ReadableStream<Uint8Array> | undefined>
  /** Whether a blob is there. */
  has(sha256: string): Promise<boolean>
  /**
   * Takes a blob away, unless it arrived lately: whoever put it may be about to note that. It is not there any more when
   * this resolves, quickly; who reads it reads on. The promise inside is that of its space, which takes longer.
   */
  discard(sha256: string): Promise<{ readonly freed: Promise<void> }>
  /** The blobs that did not arrive lately, a part of them at a time: there are 16 parts, from 0. */
  list(part: number): AsyncIterable<string[]>
  /** Whether blobs can be stored and read now; rejects when not. */
  check(): Promise<void>
}
