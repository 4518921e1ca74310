import { LIMITS, type WireFile } from '@rgrid/protocol'
import { createHash } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'

const ANY_EXECUTABLE = 0o111
// Without following a link and without waiting for a FIFO, should the path have become one.
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * Reads a small file with its bytes, or of a large one the digest. No more is read than its size was when it was listed.
 *
 * @throws Error when it cannot be read, or is no file any more.
 */
export const readOutput = (workDir: string, path: string, size: number): WireFile | Promise<WireFile> =>
  size <= LIMITS.inlineFileBytes
    ? readSmall(join(workDir, path), path, size)
    : readLarge(join(workDir, path), path, size)

/** Opens a file of a workspace. */
export const openOutput = (workDir: string, path: string): Promise<FileHandle> =>
  open(join(workDir, path), FLAGS)

// At once: each step takes longer when it is handed to another thread.
function readSmall(place: string, path: string, size: number): WireFile {
  const file = openSync(place, FLAGS)
  try {
    const stats = fstatSync(file)
    if (!stats.isFile()) throw new Error(`${path} is no file any more`)
    const buffer = Buffer.allocUnsafe(size)
    let length = 0
    for (let count = -1; length < size && count !== 0; length += count)
      count = readSync(file, buffer, length, size - length, null)
    const bytes = buffer.subarray(0, length)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const executable = (stats.mode & ANY_EXECUTABLE) !== 0
    return { path, sha256, size: length, executable, data: bytes.toString('base64') }
  } finally {
    closeSync(file)
  }
}

async function readLarge(place: string, path: string, size: number): Promise<WireFile> {
  await using file = await open(place, FLAGS)
  const stats = await file.stat()
  if (!stats.isFile()) throw new Error(`${path} is no file any more`)
  const hash = createHash('sha256')
  let length = 0
  const chunks = file.createReadStream({ start: 0, end: size - 1, autoClose: false }) as AsyncIterable<Buffer>
  for await (const chunk of chunks) {
    hash.update(chunk)
    length += chunk.byteLength
  }
  return { path, sha256: hash.digest('hex'), size: length, executable: (stats.mode & ANY_EXECUTABLE) !== 0 }
}
