import type { Staying } from '../files/keep-links.js'

/** How far the files of an execution are on their way. */
export interface UploadProgress {
  /** Files are hashed first; then those that the server does not have are uploaded. */
  readonly phase: 'hashing' | 'uploading'
  readonly filesDone: number
  readonly filesTotal: number
  readonly bytesDone: number
  readonly bytesTotal: number
  /** What was found and does not travel, and why: such as symbolic links that lead elsewhere. */
  readonly staying: readonly Staying[]
}

type Listener = (progress: UploadProgress) => void

/** Tells its watchers how far the files are, and newcomers what was told last. */
export interface UploadBoard {
  begin(
    phase: UploadProgress['phase'],
    filesTotal: number,
    bytesTotal: number,
    staying?: readonly Staying[],
  ): void
  /** Adds to what is done. */
  readonly advance: (files: number, bytes: number) => void
  watch(listener: Listener): () => void
}

/** Makes an {@link UploadBoard}. */
export function createUploadBoard(): UploadBoard {
  const listeners = new Set<Listener>()
  let now: UploadProgress | undefined
  const set = (progress: UploadProgress): void => {
    now = progress
    for (const listener of listeners) listener(progress)
  }
  return {
    begin: (phase, filesTotal, bytesTotal, staying = now?.staying ?? []) =>
      set({ phase, filesDone: 0, filesTotal, bytesDone: 0, bytesTotal, staying }),
    advance(files, bytes) {
      if (now === undefined || (files === 0 && bytes === 0)) return
      set({ ...now, filesDone: now.filesDone + files, bytesDone: now.bytesDone + bytes })
    },
    watch(listener) {
      listeners.add(listener)
      if (now !== undefined) listener(now)
      return () => void listeners.delete(listener)
    },
  }
}
