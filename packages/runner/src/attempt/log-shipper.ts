import { LIMITS, type LogChunk } from '@rgrid/protocol'
import { createJoiner } from './join-pieces.js'
import { createLogCap, type LogCapOptions, type Piece } from './log-cap.js'

/** How a log is shipped. */
export interface LogShipperOptions extends LogCapOptions {
  /** The number of the last chunk that the server has. @default 0 */
  readonly lastSeq?: number
  /** Delivers chunks in order; called again only after it has resolved. */
  readonly send: (chunks: LogChunk[]) => Promise<void>
}

/** Brings the output of an attempt to the server, in order, with one request under way at a time. */
export interface LogShipper {
  /** Takes a piece. `false` means: too much is waiting, hold on until {@link LogShipper.drained}. */
  write(piece: Piece): boolean
  /** Says of both streams that some of what came before may be missing, and nobody knows how much. */
  markGap(): void
  /** Resolves when there is room again. */
  drained(): Promise<void>
  /** Waits for what is under way and returns the last chunks, which fit one request, for the caller to deliver. */
  finish(): Promise<LogChunk[]>
}

// Half of what the server takes: as text and then as bytes on the wire it is in memory several times.
const REQUEST_BYTES = LIMITS.logRequestBytes / 2
const HIGH_WATER_BYTES = 4 * REQUEST_BYTES
// Nobody sees such a delay, and most scripts are over, or have said all of a thing, within it.
const GATHER_MS = 10

/**
 * Makes a {@link LogShipper}. The first bytes leave at once; what follows within a moment gathers, so that a script that
 * prints byte by byte costs few requests, and what it prints last goes along with its end.
 */
export function createLogShipper({ send, lastSeq = 0, ...cap }: LogShipperOptions): LogShipper {
  const log = createLogCap(cap)
  const waiting: Piece[] = []
  const append = createJoiner()
  const drained = new Set<() => void>()
  let waitingBytes = 0
  let seq = lastSeq
  let shipping: Promise<void> | undefined
  let hurry: (() => void) | undefined
  let isFinishing = false
  let failed = false

  const take = (): LogChunk[] => {
    const pieces = takeUpTo(waiting, REQUEST_BYTES)
    waitingBytes -= pieces.reduce((sum, { bytes }) => sum + bytes.byteLength, 0)
    return coalesce(pieces).map((piece) => toChunk(piece, ++seq))
  }

  const sendNext = async (): Promise<void> => {
    await send(take()).catch(() => {
      // Without the lease there is nobody to send to: the attempt ends elsewhere.
      failed = true
    })
    if (waiting.length > 0 && !failed) return
    for (const resume of drained) resume()
    drained.clear()
  }

  const gather = (): Promise<void> =>
    new Promise((resolve) => {
      const go = (): void => {
        clearTimeout(timer)
        hurry = undefined
        resolve()
      }
      const timer = setTimeout(go, GATHER_MS)
      hurry = go
      if (isFinishing || waitingBytes >= REQUEST_BYTES) go()
    })

  const ship = async (): Promise<void> => {
    while (waiting.length > 0 && !failed && !isFinishing) {
      await sendNext()
      await gather()
    }
    shipping = undefined
  }

  const enqueue = (piece: Piece): void => {
    if (failed) return
    append(waiting, piece)
    waitingBytes += piece.bytes.byteLength
    if (waitingBytes >= REQUEST_BYTES) hurry?.()
  }

  return {
    write(piece) {
      const head = log.push(piece)
      if (head !== undefined) {
        enqueue(head)
        shipping ??= ship()
      }
      return failed || waitingBytes < HIGH_WATER_BYTES
    },
    markGap() {
      for (const stream of ['stdout', 'stderr'] as const)
        enqueue({ stream, bytes: new Uint8Array(), at: Date.now(), gapBytes: null })
      shipping ??= ship()
    },
    drained: () =>
      new Promise((resolve) => {
        if (waiting.length === 0 || failed) resolve()
        else drained.add(resolve)
      }),
    async finish() {
      for (const piece of log.end()) enqueue(piece)
      isFinishing = true
      hurry?.()
      await shipping
      while (waitingBytes > REQUEST_BYTES && !failed) await sendNext()
      return take()
    },
  }
}

function takeUpTo(pieces: Piece[], maxBytes: number): Piece[] {
  const taken: Piece[] = []
  for (let room = maxBytes; pieces[0] !== undefined; pieces.shift()) {
    if (pieces[0].bytes.byteLength > room) {
      if (taken.length > 0) break
      taken.push({ ...pieces[0], bytes: pieces[0].bytes.subarray(0, room) })
      pieces[0] = { ...pieces[0], bytes: pieces[0].bytes.subarray(room) }
      break
    }
    taken.push(pieces[0])
    room -= pieces[0].bytes.byteLength
  }
  return taken
}

/** Joins neighbours of one stream and cuts what is over the size of a chunk. */
function coalesce(pieces: readonly Piece[]): Piece[] {
  const runs: { first: Piece; parts: Uint8Array[] }[] = []
  for (const piece of pieces) {
    const last = runs.at(-1)
    const joins =
      last?.first.stream === piece.stream && piece.gapBytes === undefined && last.first.gapBytes === undefined
    if (joins) last.parts.push(piece.bytes)
    else runs.push({ first: piece, parts: [piece.bytes] })
  }
  return runs.flatMap(({ first, parts }) => {
    const bytes = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts)
    if (first.gapBytes !== undefined) return [first]
    const chunks: Piece[] = []
    for (let from = 0; from < bytes.byteLength; from += LIMITS.logChunkBytes)
      chunks.push({ ...first, bytes: bytes.subarray(from, from + LIMITS.logChunkBytes) })
    return chunks
  })
}

function toChunk({ stream, at, bytes, gapBytes }: Piece, seq: number): LogChunk {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
  return { seq, stream, at, data, ...(gapBytes === undefined ? {} : { gapBytes }) }
}
