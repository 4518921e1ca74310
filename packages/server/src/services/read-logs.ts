import { LOG_START, type Cursor, type StreamName } from '@rgrid/protocol'
import type { Context } from '../context.js'
import type { StoredChunk } from '../store/log-store.js'

const BATCH_BYTES = 256 * 1024
const LINE_FEED = 10
const LOG_END: Cursor = { attempt: Number.MAX_SAFE_INTEGER, seq: 0 }

/** Which part of a log to read. */
export interface LogQuery {
  readonly stream: StreamName | 'both'
  /** The number of an attempt; all of them when absent. */
  readonly attempt?: number | undefined
  /** The last so many lines; all when absent. */
  readonly tail?: number | undefined
}

/** The raw bytes of a log as far as it is stored. */
export function readLogs(
  context: Context,
  project: string,
  id: string,
  { stream, attempt, tail }: LogQuery,
): ReadableStream<Uint8Array> {
  const isWanted = (chunk: StoredChunk): boolean =>
    (stream === 'both' || chunk.stream === stream) && (attempt === undefined || chunk.attempt === attempt)
  const source =
    tail === undefined
      ? readAll(context, project, id, isWanted)
      : readTail(context, project, id, isWanted, tail)
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await source.next()
        if (done === true) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        await source.return(undefined)
      },
    },
    { highWaterMark: 0 },
  )
}

async function* readAll(
  { store }: Context,
  project: string,
  id: string,
  isWanted: (chunk: StoredChunk) => boolean,
): AsyncGenerator<Uint8Array, void> {
  let cursor = LOG_START
  for (;;) {
    const chunks = await store.logs.read(project, id, cursor, BATCH_BYTES)
    const last = chunks.at(-1)
    if (last === undefined) return
    cursor = { attempt: last.attempt, seq: last.seq }
    const bytes = Buffer.concat(chunks.filter(isWanted).map(({ data }) => data))
    if (bytes.byteLength > 0) yield bytes
  }
}

async function* readTail(
  { store }: Context,
  project: string,
  id: string,
  isWanted: (chunk: StoredChunk) => boolean,
  lines: number,
): AsyncGenerator<Uint8Array, void> {
  let cursor = LOG_END
  let bytes = Buffer.alloc(0)
  for (;;) {
    const start = findTail(bytes, lines)
    const chunks = start > 0 ? [] : await store.logs.readBack(project, id, cursor, BATCH_BYTES)
    const oldest = chunks.at(-1)
    if (oldest === undefined) {
      yield bytes.subarray(start)
      return
    }
    cursor = { attempt: oldest.attempt, seq: oldest.seq }
    bytes = Buffer.concat([
      ...chunks
        .filter(isWanted)
        .map(({ data }) => data)
        .reverse(),
      bytes,
    ])
  }
}

/** Where the last so many lines begin. A line feed at the very end closes the last line and begins none. */
function findTail(bytes: Buffer, lines: number): number {
  if (lines === 0) return bytes.byteLength
  let index = bytes.at(-1) === LINE_FEED ? bytes.byteLength - 1 : bytes.byteLength
  for (let found = 0; found < lines; found++) {
    index = index <= 0 ? -1 : bytes.lastIndexOf(LINE_FEED, index - 1)
    if (index === -1) return 0
  }
  return index + 1
}
