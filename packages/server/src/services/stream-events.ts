import { RECHECK_MS, type Context } from '../context.js'
import type { Watch } from '../signals.js'
import { PING } from './event-text.js'

/** What a follower is sent next; without a text there is nothing to tell. */
export interface NextEvents {
  readonly text: string
  readonly isEnd: boolean
}

/** What is followed. */
export interface EventSource {
  /** Its id, for the log of the server. */
  readonly id: string
  /** What wakes whoever waits. */
  readonly topic: string
  readonly read: () => Promise<NextEvents>
  /** How long to wait for the topic before the next read; 0 while there may be more to read at once. */
  readonly getWaitMs: () => number
}

const PING_MS = 15_000

/**
 * Makes an event stream. Nothing is read ahead: each pull reads what is next, so that a slow follower holds no memory and
 * slows nobody. It ends with its last event, when its follower leaves, or when the server closes.
 */
export function streamEvents(
  context: Context,
  { id, topic, read, getWaitMs }: EventSource,
): ReadableStream<Uint8Array> {
  const gone = new AbortController()
  let watch: Watch | undefined
  let lastSentAt = performance.now()

  const next = async (): Promise<NextEvents> => {
    watch ??= context.signals.watch(topic)
    for (;;) {
      const waitMs = getWaitMs()
      if (waitMs > 0) await watch.wait(Math.min(waitMs, RECHECK_MS), gone.signal)
      if (context.closing.aborted || gone.signal.aborted) return { text: '', isEnd: true }
      const found = await read()
      if (found.text !== '' || found.isEnd) return found
      if (performance.now() - lastSentAt >= PING_MS) return { text: PING, isEnd: false }
    }
  }
  const close = (): void => {
    gone.abort()
    watch?.close()
  }

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { text, isEnd } = await next()
          if (gone.signal.aborted) return
          if (text !== '') controller.enqueue(Buffer.from(text))
          lastSentAt = performance.now()
          if (!isEnd) return
          close()
          controller.close()
        } catch (error) {
          close()
          if (!context.closing.aborted) context.logger.error('an event stream failed', { id, error })
          controller.error(error)
        }
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  )
}
