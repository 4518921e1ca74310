import type { Execution } from '../types.js'
import { asRGridError } from './errors.js'

const PATIENCE_MS = 3_000
const PAUSE_MS = 200

/**
 * Asks for the end of an execution, again and again while the server is away. Resolves with whether the server has
 * heard of it within three seconds.
 *
 * @throws RGridError when the server refuses it
 */
export async function deliverCancel(execution: Pick<Execution, 'cancel'>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const patience = new AbortController()
  const tooLong = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => {
      patience.abort()
      resolve(false)
    }, PATIENCE_MS)
  })
  try {
    return await Promise.race([askUntilHeard(execution, patience.signal), tooLong])
  } finally {
    clearTimeout(timer)
    patience.abort()
  }
}

async function askUntilHeard(execution: Pick<Execution, 'cancel'>, patience: AbortSignal): Promise<boolean> {
  while (!patience.aborted) {
    try {
      await execution.cancel()
      return true
    } catch (error) {
      const code = asRGridError(error)?.code
      if (code === 'already_finished') return true
      if (code !== 'unreachable' && code !== 'unavailable') throw error
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
  return false
}
