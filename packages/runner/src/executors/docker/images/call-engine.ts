import type { IncomingMessage } from 'node:http'
import { requestEngine, type EngineAddress } from '../engine-address.js'

/** A question to the engine whose answer is a stream, or is in its headers. */
export interface EngineCall {
  readonly address: EngineAddress
  readonly method: 'HEAD' | 'GET' | 'POST'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** Ends the connection, and with it what the engine does for it. */
  readonly signal: AbortSignal
  /** Whether a program may end while the answer is still to come. */
  readonly isQuiet?: boolean
}

/**
 * Asks the engine, and resolves with the head of its answer.
 *
 * @throws Error when the engine does not answer, or the signal aborts.
 */
export function callEngine(call: EngineCall): Promise<IncomingMessage> {
  const { address, method, path, headers = {}, signal, isQuiet = false } = call
  return new Promise((resolve, reject) => {
    const question = requestEngine(address, { method, path, headers, signal })
    question.once('response', resolve)
    if (isQuiet) question.once('socket', (socket) => socket.unref())
    question.once('error', reject)
    question.end()
  })
}
