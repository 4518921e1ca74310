import type { Container } from 'dockerode'
import { Readable } from 'node:stream'
import { createFrameParser } from './frame-parser.js'

/** One output stream of a container. */
export interface AttachedOutput {
  readonly stream: Readable
  /**
   * The script is gone: what the engine still holds is fetched now, read or not. The engine throws it away after two
   * seconds; it is little (about 1.3 MB), as everything before it waited for the reader.
   */
  drain(): void
  /** Drains, and ends the stream when nothing comes any more, also when the engine does not end it. */
  endSoon(): void
  /** Ends the stream now. */
  cut(): void
}

// How long the engine may take to send the rest of the output of a container that has ended.
const IDLE_MS = 1_000

/**
 * Attaches to one output stream of a container that has not been started yet. A reader that pauses holds up the
 * script and nothing else: this process keeps no more than a few chunks, and the other stream has a connection of its
 * own.
 */
export async function attachOutput(container: Container, name: 'stdout' | 'stderr'): Promise<AttachedOutput> {
  const source = await container.attach({ stream: true, [name]: true })
  const parse = createFrameParser()
  let isDraining = false
  let isOver = false
  let idleTimer: NodeJS.Timeout | undefined
  const cut = (): void => {
    if (isOver) return
    isOver = true
    clearTimeout(idleTimer)
    if (source instanceof Readable) source.destroy()
    if (!stream.destroyed) stream.push(null)
  }
  const stream = new Readable({
    read: () => void source.resume(),
    destroy(error, callback) {
      cut()
      callback(error)
    },
  })
  const drain = (): void => {
    isDraining = true
    source.resume()
  }

  source.on('data', (chunk: Buffer) => {
    idleTimer?.refresh()
    for (const payload of parse(chunk)) if (!stream.push(payload) && !isDraining) source.pause()
  })
  source.once('end', cut)
  source.once('close', cut)
  // A broken connection ends the output; what became of the script is asked elsewhere.
  source.once('error', cut)
  source.pause()

  return {
    stream,
    drain,
    endSoon() {
      drain()
      if (!isOver) idleTimer = setTimeout(cut, IDLE_MS)
    },
    cut,
  }
}
