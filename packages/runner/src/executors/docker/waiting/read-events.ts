import type { Readable } from 'node:stream'

/** What a waiting container tells of itself. */
export interface ContainerEvents {
  /** Resolves with `false` when it ends before it is ready. */
  nextReady(): Promise<boolean>
  /** The exit code that its shell saw; `undefined` when the shell ended before it could say. */
  nextExit(): Promise<number | undefined>
  /** Resolves when its shell is gone, or can no longer be listened to. */
  readonly ended: Promise<void>
}

interface Line {
  readonly word: string
  readonly value: number
}

const LINE = /^(ready|exit)(?: (\d{1,3}))?$/
// A few lines are all that a container has to say at a time. Who says more is not listened to any longer.
const MAX_WAITING_BYTES = 1024

/** Reads what a waiting container tells. A script may write there too, and lie about itself, but about nothing else. */
export function readEvents(source: Readable): ContainerEvents {
  const lines: Line[] = []
  const listeners = new Set<() => void>()
  let rest = ''
  let unheardBytes = 0
  let isOver = false

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
      const [, word, value = '0'] = LINE.exec(text) ?? []
      if (word !== undefined) lines.push({ word, value: Number(value) })
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

  const next = async (word: string): Promise<Line | undefined> => {
    for (;;) {
      const line = lines.find((candidate) => candidate.word === word)
      if (line !== undefined) {
        lines.splice(lines.indexOf(line), 1)
        unheardBytes = 0
        return line
      }
      if (isOver) return undefined
      await new Promise<void>((resolve) => listeners.add(resolve))
    }
  }
  return {
    nextReady: async () => (await next('ready')) !== undefined,
    nextExit: async () => (await next('exit'))?.value,
    ended,
  }
}
