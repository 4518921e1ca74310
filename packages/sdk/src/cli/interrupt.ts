import type { CliContext, EndSignal } from './context.js'
import { EXIT, signalToExitCode } from './exit-code.js'

const SIGNALS: readonly EndSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

// One Ctrl-C under npx arrives twice: from the terminal, and forwarded by npm.
const SAME_PRESS_MS = 200

/**
 * Calls back at the first Ctrl-C (or SIGTERM, SIGHUP); the second one ends the process at once. Returns a way to
 * stop listening.
 */
export function onInterrupt(context: CliContext, first: (signal: EndSignal) => void): () => void {
  let firstAt: number | undefined
  const listener = (signal: EndSignal): void => {
    if (firstAt === undefined) {
      firstAt = performance.now()
      first(signal)
    } else if (performance.now() - firstAt > SAME_PRESS_MS)
      context.leave(signalToExitCode(signal) ?? EXIT.interrupted)
  }
  for (const signal of SIGNALS) context.signals.on(signal, listener)
  return () => {
    for (const signal of SIGNALS) context.signals.off(signal, listener)
  }
}

/** Resolves with the first signal that asks for the end. */
export const waitForInterrupt = (context: CliContext): Promise<EndSignal> =>
  new Promise((resolve) => void onInterrupt(context, resolve))
