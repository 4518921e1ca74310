import { execFile } from 'node:child_process'
import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { Socket, type SocketConstructorOpts, type TcpSocketConnectOpts } from 'node:net'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'

const execute = promisify(execFile)
// As much as a FIFO holds.
const READ_BYTES = 64 * 1024

/** Makes FIFOs that only their owner can use. Node cannot, so the system's own program does. */
export async function makeFifos(paths: readonly string[]): Promise<void> {
  await execute('mkfifo', ['-m', '600', ...paths])
}

/**
 * Opens a FIFO to read what a container writes. Never blocks: without a writer nothing comes, and the stream ends when
 * the last of those that came has closed it.
 */
export function openFifo(path: string): Readable {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  return new Socket({ fd, readable: true, writable: false })
}

/** What all FIFOs are read into: each read is copied out of it before the next. */
let readBuffer: Buffer | undefined

/**
 * The same, for much output in small pieces: each is handed on in memory of its own size, where a stream would keep its
 * whole buffer for it. Begins to read with `resume()`.
 *
 * @param onBytes - returns `false` when it can take no more until `resume()` is called
 */
export function readFifo(path: string, onBytes: (bytes: Buffer) => boolean): Socket {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const buffer = (readBuffer ??= Buffer.allocUnsafeSlow(READ_BYTES))
  const callback = (count: number): boolean => onBytes(Buffer.from(buffer.subarray(0, count)))
  // The types know `onread` for connections alone; it is there for whatever a socket reads.
  const options: SocketConstructorOpts & Pick<TcpSocketConnectOpts, 'onread'> = {
    ...{ fd, readable: true, writable: false },
    onread: { buffer, callback },
  }
  return new Socket(options)
}

/**
 * Writes a line into a FIFO that a container reads.
 *
 * @returns `false` when nobody reads it, or it is full.
 */
export const writeFifo = (path: string, line: string): boolean => writeBytes(path, Buffer.from(`${line}\n`))

/**
 * Writes bytes into a FIFO: all of them when they are few, or nothing.
 *
 * @returns `false` when nobody reads it, or it has no room for them.
 */
export function writeBytes(path: string, bytes: Uint8Array): boolean {
  const fd = openToWrite(path)
  if (fd === undefined) return false
  try {
    writeSync(fd, bytes)
    return true
  } catch (error) {
    if (isCode(error, 'EPIPE', 'EAGAIN')) return false
    throw error
  } finally {
    closeSync(fd)
  }
}

/** Ends a FIFO that is read here, and that nobody writes to any more: who opens one too late does not hear of an end. */
export function hangUp(path: string): void {
  const fd = openToWrite(path)
  if (fd !== undefined) closeSync(fd)
}

function openToWrite(path: string): number | undefined {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (isCode(error, 'ENXIO', 'ENOENT')) return undefined
    throw error
  }
}

const isCode = (error: unknown, ...codes: string[]): boolean =>
  error instanceof Error && 'code' in error && codes.includes(String(error.code))
