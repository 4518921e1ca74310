import type { Target } from '../../config/resolve-target.js'
import type { CliContext } from '../context.js'
import { messageOf } from '../errors.js'
import { withClient } from '../with-client.js'
import { checkRuntimes } from './check-runtimes.js'
import { check, type Check } from './check.js'

const SOURCES: Readonly<Record<string, string>> = {
  default: 'nothing else is configured',
  RGRID_URL: 'RGRID_URL is set',
  'rgrid up': 'rgrid up is running',
}

/** Where scripts go and why, and whether a server there takes the key. */
export async function checkTarget(context: CliContext, target: Promise<Target>): Promise<Check[]> {
  try {
    const { url, source } = await target
    const why = SOURCES[source] ?? `by ${source}`
    const where = check('target', 'ok', url === undefined ? `this machine, as ${why}` : `${url}, as ${why}`)
    if (url === undefined) return [where, await checkEmbedded(context)]
    const server = await checkServer(context)
    return server.outcome === 'ok' ? [where, server, await checkRuntimes(context)] : [where, server]
  } catch (error) {
    return [check('target', 'fail', messageOf(error))]
  }
}

async function checkServer(context: CliContext): Promise<Check> {
  try {
    await withClient(context, (client) => client.list({ limit: 1 }))
    return check('server', 'ok', 'it answers and takes the key')
  } catch (error) {
    return check('server', 'fail', messageOf(error))
  }
}

async function checkEmbedded(context: CliContext): Promise<Check> {
  try {
    await context.loadEmbedded()
    return check('embedded', 'ok', '@rgrid/embedded is installed')
  } catch (error) {
    return check('embedded', 'fail', messageOf(error))
  }
}
