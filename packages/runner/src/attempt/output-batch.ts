import { LIMITS, type WireFile } from '@rgrid/protocol'

// Beside the bytes of the files: in the last request there is the end of the log as well.
const NAMES_BYTES = 256 * 1024
const BYTES_PER_FILE = 160

/** Files that go to the server in one request. */
export interface OutputBatch {
  /** Whether one more file fits. An empty batch has room for any. */
  hasRoomFor(path: string, size: number): boolean
  add(file: WireFile): void
  /** Gives the files, and begins anew. */
  take(): WireFile[]
}

/** Makes an empty {@link OutputBatch}, which holds as much as one request may. */
export function createOutputBatch(): OutputBatch {
  let files: WireFile[] = []
  let inlineBytes = 0
  let namesBytes = 0
  const inlineOf = (size: number): number => (size <= LIMITS.inlineFileBytes ? size : 0)
  const nameOf = (path: string): number => Buffer.byteLength(JSON.stringify(path)) + BYTES_PER_FILE
  return {
    hasRoomFor: (path, size) =>
      files.length < LIMITS.outputRequestFiles &&
      inlineBytes + inlineOf(size) <= LIMITS.inlineTotalBytes &&
      namesBytes + nameOf(path) <= NAMES_BYTES,
    add(file) {
      files.push(file)
      if (file.data !== undefined) inlineBytes += file.size
      namesBytes += nameOf(file.path)
    },
    take() {
      const taken = files
      files = []
      inlineBytes = 0
      namesBytes = 0
      return taken
    },
  }
}
