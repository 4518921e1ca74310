/** What an API key allows. */
export type Scope = 'submit' | 'read' | 'admin' | 'runner'

/** An API key as it is stored: its secret only as a hash. */
export interface StoredKey {
  readonly id: string
  readonly project: string
  readonly scopes: readonly Scope[]
  /** SHA-256 of the secret. */
  readonly secretHash: Uint8Array
}

/** The API keys. */
export interface KeyStore {
  find(id: string): Promise<StoredKey | undefined>
  /** Stores the first keys; `false`, and nothing stored, when there are keys already. */
  addFirst(keys: readonly StoredKey[]): Promise<boolean>
}
