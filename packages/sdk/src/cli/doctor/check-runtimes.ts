import type { RuntimeRecord } from '@rgrid/protocol'
import type { CliContext } from '../context.js'
import { messageOf } from '../errors.js'
import { withClient } from '../with-client.js'
import { check, type Check } from './check.js'

/** What runs on the server that is configured. */
export async function checkRuntimes(context: CliContext): Promise<Check> {
  try {
    const runtimes = await withClient(context, (client) => client.runtimes())
    if (runtimes.length === 0)
      return check('runtimes', 'warn', 'no runner is connected: executions wait until one is')
    return check('runtimes', 'ok', listByExecutor(runtimes))
  } catch (error) {
    return check('runtimes', 'warn', messageOf(error))
  }
}

function listByExecutor(runtimes: readonly RuntimeRecord[]): string {
  const executors = [...new Set(runtimes.map(({ executor }) => executor))]
  return executors
    .map((name) => {
      const own = runtimes.filter(({ executor }) => executor === name).map(({ runtime }) => runtime)
      return `${name}: ${own.join(', ')}`
    })
    .join('; ')
}
