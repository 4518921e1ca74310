import { LIMITS, RGridError } from '@rgrid/protocol'
import { randomUUID } from 'node:crypto'
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
  /** Removes everything. */
  release(): Promise<void>
}

/** Makes a {@link Spool}. Nothing is on the disk before there is something large. */
export function createSpool(): Spool {
  let directory: Promise<string> | undefined
  const makeFile = async (): Promise<[FileHandle, string]> => {
    const path = join(await (directory ??= mkdtemp(join(tmpdir(), 'rgrid-inputs-'))), randomUUID())
    return [await open(path, 'wx', 0o600), path]
  }

  const takeStream = async (data: AsyncIterable<unknown>, name: string): Promise<Spooled> => {
    const kept: Uint8Array[] = []
    let file: FileHandle | undefined
    let path = ''
    let bytes = 0
    try {
      for await (const piece of readPieces(data, name)) {
        bytes += piece.byteLength
        if (bytes > LIMITS.inputBytes) throw tooLarge(name)
        kept.push(piece)
        if (file === undefined && bytes <= LIMITS.inlineFileBytes) continue
        if (file === undefined)
          [file, path] = await makeFile().catch((error: unknown) => cannotKeep(name, error))
        const all = Buffer.concat(kept.splice(0))
        await file.appendFile(all).catch((error: unknown) => cannotKeep(name, error))
      }
    } finally {
      await file?.close()
    }
    return file === undefined ? { source: name, data: Buffer.concat(kept) } : { source: path }
  }

  return {
    async take(data, name) {
      if (typeof data === 'string') return { source: name, data: Buffer.from(data) }
      return data instanceof Uint8Array ? { source: name, data } : takeStream(data, name)
    },
    async release() {
      const made = await directory?.catch(() => undefined)
      if (made !== undefined) await rm(made, { recursive: true, force: true })
    },
  }
}

async function* readPieces(data: AsyncIterable<unknown>, name: string): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const piece of data) {
      if (piece instanceof Uint8Array) yield piece
      else if (typeof piece === 'string') yield Buffer.from(piece)
      else throw new TypeError('it gave something that is neither text nor bytes')
    }
  } catch (error) {
    if (error instanceof RGridError) throw error
    throw new RGridError('invalid_request', `${name}: the stream failed: ${reasonOf(error)}`, {
      cause: error,
    })
  }
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
