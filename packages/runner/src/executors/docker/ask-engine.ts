import { request } from 'node:http'

/** What the engine answered. */
export interface EngineAnswer {
  readonly status: number
  readonly text: string
}

/**
 * Asks the engine over its socket without a Docker client, which takes longer to load than such a question to answer.
 *
 * @throws Error when no answer comes in time.
 */
export function askEngine(socketPath: string, path: string, timeoutMs: number): Promise<EngineAnswer> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs)
    const question = request({ socketPath, path, agent: false, signal }, (response) => {
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
