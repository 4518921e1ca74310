import { RGridError } from '@rgrid/protocol'
import { constants, type BigIntStats } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { isSameMark, type FileMark } from './file-mark.js'
import { codeOf } from './read-script.js'

/** Large enough that reading is not what takes the time, small enough for many at once. */
const CHUNK_BYTES = 256 * 1024

/** Looks at an input file. @throws RGridError `invalid_request` when it is not there, or no regular file. */
export async function statInput(source: string): Promise<BigIntStats> {
  const stats = await stat(source, { bigint: true }).catch((error: unknown) => cannotRead(source, error))
  if (stats.isFile()) return stats
  throw new RGridError('invalid_request', `files: ${JSON.stringify(source)} is no regular file any more`)
}

/**
 * Opens an input file that was looked at before. Nothing but a regular file is read: a FIFO or a device has no end.
 *
 * @throws RGridError `invalid_request` when it cannot be read, or is not what it was.
 */
export async function openInput(source: string, mark: FileMark): Promise<FileHandle> {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK
  const file = await open(source, flags).catch((error: unknown) => cannotRead(source, error))
  try {
    await assertUnchanged(file, source, mark)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

/** @throws RGridError `invalid_request` when a file is not what it was. */
export async function assertUnchanged(file: FileHandle, source: string, mark: FileMark): Promise<void> {
  if (!isSameMark(mark, await file.stat({ bigint: true }))) throw changed(source)
}

/** Reads as many bytes of a file as it had when it was looked at. */
export async function* readInput(
  file: FileHandle,
  { size }: FileMark,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  if (size <= CHUNK_BYTES) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(Number(size)), 0, Number(size), 0)
    yield buffer.subarray(0, bytesRead)
    return
  }
  const range = { start: 0, end: Number(size) - 1 }
  const stream = file.createReadStream({ ...range, autoClose: false, highWaterMark: CHUNK_BYTES })
  yield* stream as AsyncIterable<Buffer<ArrayBuffer>>
}

/** Says that a file did not hold still. */
export const changed = (source: string): RGridError =>
  new RGridError(
    'invalid_request',
    `files: ${JSON.stringify(source)} changed while it was read: run again when nothing writes to it`,
  )

function cannotRead(source: string, error: unknown): never {
  throw new RGridError(
    'invalid_request',
    `files: ${JSON.stringify(source)} cannot be read (${codeOf(error)})`,
    {
      cause: error,
    },
  )
}
