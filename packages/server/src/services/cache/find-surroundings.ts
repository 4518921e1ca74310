import type { Environments, ExecutorName } from '@rgrid/protocol'
import type { Context } from '../../context.js'
import type { RunnerEnvironments } from '../../store/cache-store.js'
import type { StoredSpec } from '../../store/execution-store.js'
import { fitsOffer } from '../../store/fits-offer.js'
import { toNeeds, type Needs } from '../../store/needs.js'
import { allowedExecutors } from '../fleet.js'

/** What an execution would run in. */
export interface Surrounding {
  /** Names the image or the interpreter. */
  readonly environment: string
  /** Whether the script could reach the network of its machine, or more. */
  readonly hasNetwork: boolean
}

const CONNECTED_MS = 30_000
// As in `ghcr.io/me/tool:1@sha256:…`.
const TAG_BEFORE_DIGEST = /:[^:/@]+(?=@)/
const REMEMBERED_MS = 30 * 24 * 3_600_000

/**
 * Finds what an execution would run in now, as its runners said last: those that are connected, or where none is the one
 * that was there last.
 */
export async function findSurroundings(
  context: Pick<Context, 'store' | 'allowProcess' | 'pool'>,
  project: string,
  spec: StoredSpec,
): Promise<Surrounding[]> {
  const { store, pool } = context
  const list = (withinMs: number): Promise<RunnerEnvironments[]> =>
    store.cache.listEnvironments(project, pool, withinMs)
  const connected = await list(CONNECTED_MS)
  const runners = connected.length > 0 ? connected : (await list(REMEMBERED_MS)).slice(0, 1)
  const allowed = allowedExecutors(context)
  const needs = toNeeds(spec)
  return keepLatest(runners).flatMap(({ offers, environments }) => {
    const offer = offers.find((one) => allowed.includes(one.executor) && fitsOffer(one, needs))
    const known = environments.find(({ executor }) => executor === offer?.executor)
    const environment = known === undefined ? undefined : pickEnvironment(known, needs)
    if (known === undefined || environment === undefined) return []
    return [{ environment, hasNetwork: known.executor === 'process' || hasNetwork(needs) }]
  })
}

/** What a runner said before it was started anew, under the same name, does not hold any more. */
function keepLatest(runners: readonly RunnerEnvironments[]): RunnerEnvironments[] {
  const seen = new Set<string>()
  return runners.map((runner) => {
    const isNews = ({ executor }: Environments): boolean => !seen.has(toKey(runner, executor))
    const environments = runner.environments.filter(isNews)
    for (const { executor } of environments) seen.add(toKey(runner, executor))
    return { ...runner, environments }
  })
}

const toKey = ({ name }: RunnerEnvironments, executor: ExecutorName): string =>
  JSON.stringify([name, executor])

function pickEnvironment({ runtimes, images }: Environments, { runtime, image }: Needs): string | undefined {
  if (image === null) return getOwn(runtimes, runtime)
  // An engine keeps no tag of what was pulled by its digest.
  return getOwn(images, image) ?? getOwn(images, image.replace(TAG_BEFORE_DIGEST, ''))
}

/** Every object knows names of its own, such as `constructor`. */
const getOwn = (names: Readonly<Record<string, string>>, name: string): string | undefined =>
  Object.hasOwn(names, name) ? names[name] : undefined

/** Whether a script in a container asks for a network: without that it has none. */
const hasNetwork = ({ network }: Needs): boolean => network !== null && network !== 'none'
