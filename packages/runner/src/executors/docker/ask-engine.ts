import { requestEngine, type EngineAddress } from './engine-address.js'

/** What the engine answered. */
export interface EngineAnswer {
  readonly status: number
  readonly text: string
}

/**
 * Asks the engine without a Docker client, which takes longer to load than such a question to answer.
 *
 * @throws Error when no answer comes in time.
 */
export function askEngine(address: EngineAddress, path: string, timeoutMs: number): Promise<EngineAnswer> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs)
    const question = requestEngine(address, { path, signal })
    question.once('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (piece: string) => (text += piece))
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text }))
      response.once('error', reject)
    })
    question.once('error', reject)
    question.end()
  })
}
