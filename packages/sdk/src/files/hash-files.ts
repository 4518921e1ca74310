import { LIMITS, RGridError, type WireFile } from '@rgrid/protocol'
import { inParallel } from '@rgrid/protocol/client'
import { createHash } from 'node:crypto'
import type { LocalFile } from './collect-files.js'
import type { FileMark } from './file-mark.js'
import { assertUnchanged, changed, openInput, readInput, statInput } from './open-input.js'
import type { ReadScript } from './read-script.js'

/** How files are hashed. */
export interface HashOptions {
  /** What was read before, by its place on this machine. */
  readonly known?: ReadonlyMap<string, ReadScript>
  /** Told once, before anything is read. */
  readonly onTotal?: (files: number, bytes: number) => void
  /** Told again and again, with what has been read since. */
  readonly onRead?: (files: number, bytes: number) => void
  /** How many bytes small files may bring along; less is left of it then. @default what fits into one request */
  readonly room?: InlineRoom
  /** Ends the reading. */
  readonly signal?: AbortSignal | undefined
}

/** What is left of a request for the bytes of small files. */
export interface InlineRoom {
  bytes: number
}

/** Makes an {@link InlineRoom} of a whole request. */
export const createInlineRoom = (): InlineRoom => ({ bytes: LIMITS.inlineTotalBytes })

/** Hashed files, in their order, and how those looked that are on the disk. */
export interface HashedFiles {
  readonly files: readonly WireFile[]
  /** By the place on this machine. */
  readonly marks: ReadonlyMap<string, FileMark>
}

// Reading is done by other threads, of which Node has four.
const PARALLEL = 4

interface Sized {
  readonly file: LocalFile
  readonly size: number
  readonly executable: boolean
  /** What is in memory already. */
  readonly bytes: Uint8Array | undefined
}

/**
 * Hashes files in constant memory, a few at a time. The first small ones bring their bytes along, as many as fit into one
 * request.
 *
 * @throws RGridError `invalid_request` when a file cannot be read or changes meanwhile, and before anything is read when
 * all together are over the limit; the signal's reason when it aborts.
 */
export async function hashFiles(
  files: readonly LocalFile[],
  { known = new Map(), onTotal, onRead, room = createInlineRoom(), signal }: HashOptions = {},
): Promise<HashedFiles> {
  const marks = new Map<string, FileMark>()
  const sized: Sized[] = Array.from<Sized>({ length: files.length })
  await inParallel([...files.entries()], PARALLEL, async ([index, file]) => {
    const bytes = file.data ?? known.get(file.source)?.bytes
    if (bytes !== undefined) {
      const executable = isExecutable(known.get(file.source)?.mode ?? 0)
      sized[index] = { file, size: bytes.byteLength, executable, bytes }
      return
    }
    const stats = await statInput(file.source)
    marks.set(file.source, stats)
    sized[index] = { file, size: Number(stats.size), executable: isExecutable(Number(stats.mode)), bytes }
  })
  const total = sized.reduce((sum, { size }) => sum + size, 0)
  if (total > LIMITS.inputBytes) throw tooMany(total)
  onTotal?.(files.length, total)
  const hashed: WireFile[] = Array.from<WireFile>({ length: files.length })
  await inParallel([...chooseInline(sized, room).entries()], PARALLEL, async ([index, one]) => {
    hashed[index] = await hashFile(one, marks.get(one.file.source), (bytes) => {
      signal?.throwIfAborted()
      onRead?.(0, bytes)
    })
    onRead?.(1, 0)
  })
  return { files: hashed, marks }
}

const isExecutable = (mode: number): boolean => (mode & 0o111) !== 0

function chooseInline(sized: readonly Sized[], room: InlineRoom): (Sized & { readonly isInline: boolean })[] {
  return sized.map((one) => {
    const isInline = one.size <= Math.min(LIMITS.inlineFileBytes, room.bytes)
    if (isInline) room.bytes -= one.size
    return { ...one, isInline }
  })
}

async function hashFile(
  { file, size, executable, bytes, isInline }: Sized & { readonly isInline: boolean },
  mark: FileMark | undefined,
  onBytes: (bytes: number) => void,
): Promise<WireFile> {
  const hash = createHash('sha256')
  const kept: Uint8Array[] = []
  let read = 0
  const pieces =
    bytes === undefined && mark !== undefined ? readFile(file.source, mark) : [bytes ?? Buffer.alloc(0)]
  for await (const piece of pieces) {
    hash.update(piece)
    if (isInline) kept.push(piece)
    read += piece.byteLength
    onBytes(piece.byteLength)
  }
  if (read !== size) throw changed(file.source)
  const wire = { path: file.path, sha256: hash.digest('hex'), size, executable }
  return isInline ? { ...wire, data: Buffer.concat(kept).toString('base64') } : wire
}

async function* readFile(source: string, mark: FileMark): AsyncGenerator<Uint8Array, void> {
  await using file = await openInput(source, mark)
  yield* readInput(file, mark)
  await assertUnchanged(file, source, mark)
}

const tooMany = (bytes: number): RGridError =>
  new RGridError(
    'invalid_request',
    `files: ${bytes} bytes are over the limit of ${LIMITS.inputBytes} bytes together: leave some out`,
  )
