import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

/** What a waiting container tells of itself. */
export interface ContainerEvents {
  /** Resolves with `false` when it ends before it is ready. */
  nextReady(): Promise<boolean>
  /**
   * The exit code that its shell saw of what was started with a token; `undefined` when the shell ended before it could
   * say.
   */
  nextExit(token: string): Promise<number | undefined>
  /** Whether its interpreter waits by now, or comes to within `timeoutMs`. */
  isInterpreterUp(timeoutMs: number): Promise<boolean>
  /** Resolves when its shell is gone, or can no longer be listened to. */
  readonly ended: Promise<void>
}

interface Line {
  /** What is told: `ready`, `up`, or the end of what was started with a token. */
  readonly word: string
  readonly code: number
}

const LINE = /^(?:(ready|up)|exit (\d{1,3}) ([\da-f]{1,64}))$/
// A few lines are all that a container has to say at a time. Who says more is not listened to any longer.
const MAX_WAITING_BYTES = 1024

/**
 * Reads what a waiting container tells. A script may write there too, but knows no token: what it says of an end is
 * heard by nobody.
 */
export function readEvents(source: Readable): ContainerEvents {
  const lines: Line[] = []
  const listeners = new Set<() => void>()
  let rest = ''
  let unheardBytes = 0
  let isOver = false
  let isUp = false

  const wake = (): void => {
    for (const listener of listeners) listener()
    listeners.clear()
  }
  source.on('data', (chunk: Buffer) => {
    unheardBytes += chunk.byteLength
    if (unheardBytes > MAX_WAITING_BYTES) return void source.destroy()
    const texts = (rest + chunk.toString('latin1')).split('\n')
    rest = texts.pop() ?? ''
    for (const text of texts) {
      const [, ready, code, token] = LINE.exec(text) ?? []
      const word = ready ?? token
      if (word === 'up') isUp = true
      else if (word !== undefined) lines.push({ word, code: Number(code) })
    }
    return wake()
  })
  source.once('error', () => source.destroy())
  const ended = new Promise<void>((resolve) =>
    source.once('close', () => {
      isOver = true
      wake()
      resolve()
    }),
  )

  const heard = (): Promise<void> => new Promise((resolve) => listeners.add(resolve))
  const next = async (word: string): Promise<Line | undefined> => {
    for (;;) {
      const line = lines.find((candidate) => candidate.word === word)
      if (line !== undefined) {
        // What was said before is of no use to anyone.
        lines.splice(0)
        unheardBytes = 0
        return line
      }
      if (isOver) return undefined
      await heard()
    }
  }
  return {
    async isInterpreterUp(timeoutMs) {
      const late = performance.now() + timeoutMs
      while (!isUp && !isOver && performance.now() < late)
        await Promise.race([heard(), sleep(late - performance.now(), undefined, { ref: false })])
      return isUp && !isOver
    },
    nextReady: async () => (await next('ready')) !== undefined,
    nextExit: async (token) => (await next(token))?.code,
    ended,
  }
}
