import type { CliContext } from './context.js'
import { EXIT } from './exit-code.js'
import { onInterrupt } from './interrupt.js'

/** What is being watched, and how to say that the watching stops. */
export interface Watched {
  readonly id: string
  readonly say: (text: string) => Promise<void>
  readonly watch: () => Promise<number>
}

/** Watches until the end or the first Ctrl-C, which stops the watching and not the execution. */
export async function untilInterrupted(context: CliContext, { id, say, watch }: Watched): Promise<number> {
  let stop = (): void => {}
  const interrupted = new Promise<number>((resolve) => {
    stop = onInterrupt(context, () => {
      const text = `stopped watching; the execution goes on (rgrid cancel ${id} ends it)`
      void say(text).then(() => resolve(EXIT.interrupted))
    })
  })
  const watched = watch()
  // After an interrupt, closing the client may make it fail.
  watched.catch(() => {})
  try {
    return await Promise.race([watched, interrupted])
  } finally {
    stop()
  }
}
