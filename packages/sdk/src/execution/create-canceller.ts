import { RGridError } from '@rgrid/protocol'

/** The ways to end what is on its way to a server, or there. */
export interface Canceller {
  /** Aborts when it is to end. What is not accepted by then fails with its reason. */
  readonly signal: AbortSignal
  /** Asks for the end, and resolves when that is noted. */
  readonly cancel: () => Promise<void>
  /** The same for those who hear of it elsewhere. */
  readonly cancelQuietly: () => void
  /** Says that it is over: nothing more is accepted, and nobody listens to the caller's signal. */
  readonly release: () => void
}

/**
 * Makes a {@link Canceller}.
 *
 * @param getOpened - what the server has accepted
 * @param end - asks the server for its end
 * @param caller - the caller's own signal
 */
export function createCanceller<T>(
  getOpened: () => Promise<T>,
  end: (opened: T) => Promise<void>,
  caller: AbortSignal | undefined,
): Canceller {
  const stop = new AbortController()
  const cancel = async (): Promise<void> => {
    stop.abort(neverAccepted())
    let opened: T
    try {
      opened = await getOpened()
    } catch (error) {
      if (error === stop.signal.reason) return
      throw error
    }
    await end(opened)
  }
  const cancelQuietly = (): void => void cancel().catch(() => undefined)
  const abort = (): void => {
    stop.abort(caller?.reason)
    cancelQuietly()
  }
  if (caller?.aborted === true) stop.abort(caller.reason)
  else caller?.addEventListener('abort', abort, { once: true })
  return {
    signal: stop.signal,
    cancel,
    cancelQuietly,
    release() {
      stop.abort(neverAccepted())
      caller?.removeEventListener('abort', abort)
    },
  }
}

const neverAccepted = (): RGridError =>
  new RGridError('cancelled', 'cancelled before the server had accepted it: nothing was started')
