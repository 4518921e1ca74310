import { LIMITS, RGridError } from '@rgrid/protocol'
import { randomUUID } from 'node:crypto'
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { orAborted } from '../or-aborted.js'
import type { LocalFile } from './collect-files.js'
import { codeOf } from './read-script.js'

/** Text, bytes, or a stream of either, which is read once. */
export type InputData =
  string | Uint8Array | AsyncIterable<string | Uint8Array> | ReadableStream<string | Uint8Array>

/** Where the bytes of an input are. */
export type Spooled = Pick<LocalFile, 'source' | 'data'>

/** Puts data where it can be read more than once: in memory what is small, else in a directory of its own. */
export interface Spool {
  /**
   * Takes data to its end.
   *
   * @param name - what it is said with, for errors
   * @throws RGridError `invalid_request` when it is over the limit of all input files, or cannot be read or kept.
   */
  take(data: InputData, name: string): Promise<Spooled>
  /** Removes what is kept of some files, which are not read any more. */
  drop(files: readonly Spooled[]): Promise<void>
  /** Removes everything. */
  release(): Promise<void>
}

/**
 * Makes a {@link Spool}. Nothing is on the disk before there is something large.
 *
 * @param signal - when it aborts, no stream is read on
 */
export function createSpool(signal?: AbortSignal): Spool {
  let directory: Promise<string> | undefined
  let isReleased = false
  const kept = new Set<string>()
  const makeFile = async (): Promise<[FileHandle, string]> => {
    if (isReleased) throw new Error('everything has been removed')
    const path = join(await (directory ??= mkdtemp(join(tmpdir(), 'rgrid-inputs-'))), randomUUID())
    const file = await open(path, 'wx', 0o600)
    kept.add(path)
    return [file, path]
  }

  const takeStream = async (data: AsyncIterable<unknown>, name: string): Promise<Spooled> => {
    const small: Uint8Array[] = []
    let file: FileHandle | undefined
    let path = ''
    let bytes = 0
    try {
      for await (const piece of readPieces(data, name, signal)) {
        bytes += piece.byteLength
        if (bytes > LIMITS.inputBytes) throw tooLarge(name)
        small.push(piece)
        if (file === undefined && bytes <= LIMITS.inlineFileBytes) continue
        if (file === undefined)
          [file, path] = await makeFile().catch((error: unknown) => cannotKeep(name, error))
        const all = Buffer.concat(small.splice(0))
        await file.appendFile(all).catch((error: unknown) => cannotKeep(name, error))
      }
    } finally {
      await file?.close()
    }
    return file === undefined ? { source: name, data: Buffer.concat(small) } : { source: path }
  }

  return {
    async take(data, name) {
      if (typeof data === 'string') return { source: name, data: Buffer.from(data) }
      return data instanceof Uint8Array ? { source: name, data } : takeStream(data, name)
    },
    async drop(files) {
      const sources = files.map(({ source }) => source).filter((source) => kept.delete(source))
      await Promise.all(sources.map((source) => rm(source, { force: true })))
    },
    async release() {
      isReleased = true
      const made = await directory?.catch(() => undefined)
      if (made !== undefined) await rm(made, { recursive: true, force: true })
    },
  }
}

async function* readPieces(
  data: AsyncIterable<unknown>,
  name: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void> {
  const iterator = data[Symbol.asyncIterator]()
  let isOver = false
  try {
    for (;;) {
      const next = await orAborted(iterator.next(), signal)
      if (next.done === true) break
      yield toBytes(next.value)
    }
    isOver = true
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof RGridError) throw error
    throw new RGridError('invalid_request', `${name}: the stream failed: ${reasonOf(error)}`, {
      cause: error,
    })
  } finally {
    // One that waits for its next piece answers only then.
    if (!isOver) void iterator.return?.().catch(() => undefined)
  }
}

function toBytes(piece: unknown): Uint8Array {
  if (piece instanceof Uint8Array) return piece
  if (typeof piece === 'string') return Buffer.from(piece)
  throw new TypeError('it gave something that is neither text nor bytes')
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const tooLarge = (name: string): RGridError =>
  new RGridError('invalid_request', `${name}: the stream is over the limit of ${LIMITS.inputBytes} bytes`)

function cannotKeep(name: string, error: unknown): never {
  throw new RGridError(
    'invalid_request',
    `${name}: there is no place in ${tmpdir()} to keep it until it is sent (${codeOf(error)}): set TMPDIR to a directory with more room`,
    { cause: error },
  )
}
