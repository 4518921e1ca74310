import type { CliContext, OutputStream } from './context.js'
import { OutputError } from './errors.js'

/**
 * Writes and waits until the stream has taken it, so that a slow reader slows the sender and not the memory.
 *
 * @throws OutputError when nobody takes it
 */
export function write(stream: OutputStream, data: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(data, (error) =>
      error === null || error === undefined ? resolve() : reject(new OutputError(error)),
    )
  })
}

/** Writes one JSON value as one line to stdout. */
export const writeJson = (context: CliContext, value: unknown): Promise<void> =>
  write(context.stdout, `${JSON.stringify(value)}\n`)

/** Says something of RGrid's own, on stderr. Nobody there to read it is no failure. */
export const note = (context: CliContext, text: string): Promise<void> =>
  write(context.stderr, `rgrid: ${text}\n`).catch(() => {})
