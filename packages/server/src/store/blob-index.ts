/** A blob that a project has. */
export interface IndexedBlob {
  readonly size: number
  /** Its bytes, where they are kept in the store; else they are in the blob store. */
  readonly data: Uint8Array | null
}

/** Which blobs a project has. Have/want is answered within the project only. */
export interface BlobIndex {
  /** Those of the digests that the project does not have, each once, in the order given. */
  listMissing(project: string, digests: readonly string[]): Promise<string[]>
  /** Notes a blob that is safe in the blob store. */
  add(project: string, sha256: string, size: number): Promise<void>
  /** Those of some digests, at most a few hundred, that the project has. */
  findMany(project: string, digests: readonly string[]): Promise<ReadonlyMap<string, IndexedBlob>>
  find(project: string, sha256: string): Promise<IndexedBlob | undefined>
}
