import { isTerminal, type FileRef } from '@rgrid/protocol'
import type { AlikeCall, CacheStore, Twin } from '../../store/cache-store.js'
import type { StoredSpec } from '../../store/execution-store.js'
import type { CacheWish } from './ask-cache.js'
import { describeChanges, describeSpecChanges } from './describe-changes.js'
import type { Surrounding } from './find-surroundings.js'

/** An execution that nothing stands in for. */
export interface MissedCall {
  readonly fingerprint: string
  readonly argsHash: string
  readonly spec: StoredSpec
  readonly files: readonly FileRef[]
  readonly wish: CacheWish
  /** What it would run in. */
  readonly surroundings: readonly Surrounding[]
}

const NOTHING = 'nothing like it has asked the cache before'
// Reading all files of many calls would hold up an execution that has to run anyway.
const COMPARED = 2
const NAMED = 3

/** Says why nothing stands in for an execution, such as `input data.csv changed`. */
export async function explainMiss(cache: CacheStore, project: string, call: MissedCall): Promise<string> {
  const { fingerprint, wish, surroundings } = call
  if (!wish.network && surroundings.length > 0 && surroundings.every(({ hasNetwork }) => hasNetwork))
    return 'its script can reach a network, whose answers change: ask for cache: { network: true }'
  const twin = await cache.findTwin(project, fingerprint)
  if (twin !== undefined) return explainTwin(twin, call)
  const changes = await findFewestChanges(cache, project, call)
  // An earlier version may have told the same apart by something else.
  if (changes === undefined || changes.length === 0) return NOTHING
  const more = changes.length > NAMED ? [`${changes.length - NAMED} more`] : []
  return [...changes.slice(0, NAMED), ...more].join(', ')
}

/** Says why the result of an execution that works out the same cannot stand in. */
function explainTwin(
  { executionId: id, status, cause, environment, hasLosses }: Twin,
  { wish, spec, surroundings }: MissedCall,
): string {
  if (!isTerminal(status)) return `${id} works out the same, and has not ended yet`
  if (status !== 'completed' && cause !== 'exit')
    return `${id} ended as ${status}: only what ends by itself can stand in`
  if (status !== 'completed' && !wish.failures)
    return `${id} ended as ${status}: failures stand in only with cache: { failures: true }`
  if (hasLosses) return `what ${id} left has expired or was deleted`
  if (environment === null) return `it is not known what ${id} ran in`
  if (surroundings.some((one) => one.environment === environment)) return `files of ${id} are gone`
  const what = spec.image === undefined ? `runtime ${spec.runtime}` : `image ${spec.image}`
  return surroundings.length === 0
    ? `no runner says what the ${what} is now`
    : `the ${what} is another one than ${id} ran in`
}

/** What is different to the earlier call that is most like this one; `undefined` where there is none. */
async function findFewestChanges(
  cache: CacheStore,
  project: string,
  { spec, files, argsHash }: MissedCall,
): Promise<string[] | undefined> {
  const alike = await cache.listAlike(project, spec.script, argsHash)
  const count = (call: AlikeCall): number => describeSpecChanges(call.spec, spec).length
  const nearest = alike.toSorted((one, other) => count(one) - count(other)).slice(0, COMPARED)
  const all = await Promise.all(
    nearest.map(async (call) => {
      const before = { spec: call.spec, files: await cache.listInputs(project, call.executionId) }
      return describeChanges(before, { spec, files })
    }),
  )
  return all.toSorted((one, other) => one.length - other.length)[0]
}
