import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { requestEngine, type EngineAddress } from './engine-address.js'

/** Knows whether the engine went away, and tells of its images. */
export interface EngineWatch {
  /** Whether it was away at any time since then, by `performance.now()`. */
  brokeSince(time: number): boolean
  /** Waits a while for what an engine that stops does last: it ends its containers, and then itself. */
  breaksWithin(ms: number): Promise<boolean>
  close(): void
}

const FIRST_DELAY_MS = 50
const MAX_DELAY_MS = 2_000

/**
 * Holds one connection to the engine, on which it tells when a name of an image may lead elsewhere. When it breaks the
 * engine has stopped, and whatever becomes of its containers at that time may be its doing.
 *
 * @param onImages - called when it tells that, and at each connection, as nobody has listened before
 */
export function watchEngine(address: EngineAddress, onImages: () => void): EngineWatch {
  const over = new AbortController()
  const breaks: number[] = []
  const waiting = new Set<() => void>()
  const note = (): void => {
    breaks.push(performance.now())
    breaks.splice(0, breaks.length - 1)
    for (const resolve of waiting) resolve()
  }

  const hold = async (): Promise<void> => {
    for (let delayMs = FIRST_DELAY_MS; !over.signal.aborted; delayMs = Math.min(delayMs * 2, MAX_DELAY_MS)) {
      const response = await openStream(address, over.signal).catch(() => undefined)
      if (response !== undefined) {
        delayMs = FIRST_DELAY_MS
        onImages()
        await untilClosed(response, onImages)
      }
      if (over.signal.aborted) return
      note()
      await sleep(delayMs, undefined, { signal: over.signal, ref: false }).catch(() => undefined)
    }
  }
  void hold()

  return {
    brokeSince: (time) => breaks.some((brokenAt) => brokenAt >= time),
    async breaksWithin(ms) {
      let isBroken = false
      const broken = new Promise<void>((resolve) => waiting.add(resolve)).then(() => (isBroken = true))
      await Promise.race([broken, sleep(ms, undefined, { ref: false })])
      return isBroken
    },
    close: () => over.abort(),
  }
}

// What else is done with images, such as a push, leaves all names as they are. The last is what Podman calls a deletion.
const ACTIONS = ['tag', 'untag', 'delete', 'pull', 'load', 'import', 'create', 'remove']
const FILTERS = JSON.stringify({ type: ['image'], event: ACTIONS })
const EVENTS = `/events?filters=${encodeURIComponent(FILTERS)}`

function openStream(address: EngineAddress, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const question = requestEngine(address, { path: EVENTS, signal })
    question.once('response', (response) => {
      if (response.statusCode === 200) return resolve(response)
      response.resume()
      return reject(new Error(`the engine answers ${response.statusCode}`))
    })
    // It must not keep a program alive that has nothing else to do.
    question.once('socket', (socket) => socket.unref())
    question.once('error', reject)
    question.end()
  })
}

function untilClosed(response: IncomingMessage, onData: () => void): Promise<void> {
  return new Promise((resolve) => {
    response.once('close', resolve)
    response.once('error', () => response.destroy())
    response.on('data', onData)
  })
}
