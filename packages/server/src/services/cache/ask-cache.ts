import type { FileRef, Spec } from '@rgrid/protocol'
import type { Context } from '../../context.js'
import type { CacheCall, StandIn } from '../../store/cache-store.js'
import type { StoredSpec } from '../../store/execution-store.js'
import { sha256Of } from '../inline-files.js'
import { toFingerprint } from '../hash-spec.js'
import { isThere } from '../is-there.js'
import { explainMiss } from './explain-miss.js'
import { findSurroundings } from './find-surroundings.js'

/** What a caller lets stand in. */
export interface CacheWish {
  readonly failures: boolean
  readonly network: boolean
}

const PLAIN: CacheWish = { failures: false, network: false }

/**
 * Looks for an execution that can stand in for one that is to be accepted.
 *
 * @returns `undefined` when the caller does not ask the cache.
 */
export async function askCache(
  context: Context,
  project: string,
  spec: StoredSpec,
  files: readonly FileRef[],
): Promise<CacheCall | undefined> {
  const wish = toWish(spec.cache)
  if (wish === undefined) return undefined
  const { store } = context
  const fingerprint = toFingerprint(await store.batches.getSalt(project), spec, files, 0)
  const argsHash = sha256Of(JSON.stringify(spec.args))
  const surroundings = await findSurroundings(context, project, spec)
  const environments = surroundings
    .filter(({ hasNetwork }) => wish.network || !hasNetwork)
    .map(({ environment }) => environment)
  const query = { fingerprint, environments, failures: wish.failures }
  const found = environments.length === 0 ? [] : await store.cache.listStandIns(project, query)
  const standIn = await findWhole(context, found)
  const asked = { fingerprint, argsHash }
  if (standIn !== undefined)
    return { ...asked, standIn, missReason: `what ${standIn} left has gone meanwhile` }
  const missReason = await explainMiss(store.cache, project, { ...asked, spec, files, wish, surroundings })
  return { ...asked, standIn: undefined, missReason }
}

function toWish(cache: Spec['cache']): CacheWish | undefined {
  if (typeof cache === 'object') return cache
  return cache === true ? PLAIN : undefined
}

/** The first whose files are all there. */
async function findWhole(context: Context, standIns: readonly StandIn[]): Promise<string | undefined> {
  for (const standIn of standIns) if (await isThere(context, standIn)) return standIn.executionId
  return undefined
}
