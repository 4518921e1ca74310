import { isKnownRuntime, RGridError, RUNTIMES, type Runtime } from '@rgrid/protocol'
import { closest, distance } from 'fastest-levenshtein'
import type { Context } from '../context.js'
import { listConnected } from './fleet.js'
import { formatNames, getOffered } from './offered-runtimes.js'

const REMEMBERED_MS = 30 * 24 * 3_600_000

/**
 * Finds out whether nobody knows a runtime: neither RGrid itself, nor a runner that was there within the last month.
 * What such a runner had is waited for; all else is taken for a mistake, which would wait for ever.
 *
 * @returns the refusal; `undefined` when somebody knows the runtime.
 */
export async function findUnknownRuntime(
  context: Pick<Context, 'store' | 'allowProcess' | 'pool'>,
  project: string,
  runtime: Runtime,
): Promise<RGridError | undefined> {
  if (isKnownRuntime(runtime)) return undefined
  const list = async (withinMs?: number): Promise<string[]> =>
    getOffered(
      (await listConnected(context, project, context.pool, withinMs)).flatMap(({ offers }) => offers),
    )
  const offered = await list()
  if (offered.includes(runtime) || (await list(REMEMBERED_MS)).includes(runtime)) return undefined
  const message = `no runner has the runtime "${runtime}": ${suggest(runtime, offered)}`
  return new RGridError('unknown_runtime', `runtime: ${message}`, { issues: [{ path: 'runtime', message }] })
}

function suggest(runtime: Runtime, offered: readonly string[]): string {
  const names = offered.length === 0 ? RUNTIMES : offered
  const nearest = closest(runtime, names)
  const isNear = distance(runtime, nearest) <= Math.ceil(runtime.length / 3)
  return isNear ? `did you mean "${nearest}"?` : `choose one of ${formatNames(names)} (see "rgrid runtimes")`
}
