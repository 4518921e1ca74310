/** A blob that a project has. */
export interface IndexedBlob {
  readonly size: number
  /** Its bytes, where they are kept in the store; else they are in the blob store. */
  readonly data: Uint8Array | null
}

/** Which blobs a project has. Have/want is answered within the project only. */
export interface BlobIndex {
  /**
   * Those of the digests that the project does not have, each once, in the order given. What it has, it keeps for a while,
   * although nothing refers to it: whoever was told so relies on it.
   */
  listMissing(project: string, digests: readonly string[]): Promise<string[]>
  /**
   * Notes a blob that is safe in the blob store.
   *
   * @param isStored - asked while nobody can take the bytes away
   * @returns `false` when they are gone again, and nothing was noted
   */
  add(project: string, sha256: string, size: number, isStored: () => Promise<boolean>): Promise<boolean>
  /** Those of some digests, at most a few hundred, that the project has. */
  findMany(project: string, digests: readonly string[]): Promise<ReadonlyMap<string, IndexedBlob>>
  find(project: string, sha256: string): Promise<IndexedBlob | undefined>
  /** Those of the digests whose bytes in the blob store no project has. */
  listUnowned(digests: readonly string[]): Promise<string[]>
  /**
   * Takes bytes out of the blob store, unless a project has them.
   *
   * @param discard - called while no project can get them
   */
  discard(sha256: string, discard: () => Promise<void>): Promise<void>
}
