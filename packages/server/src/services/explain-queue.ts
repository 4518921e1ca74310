import type { Context } from '../context.js'
import type { Glance } from '../store/execution-store.js'
import { fitsOffer } from '../store/fits-offer.js'

const SEEN_WITHIN_MS = 30_000

/** Says why an execution is still queued, where it is more than waiting for its turn. */
export async function explainQueue(
  { store }: Context,
  project: string,
  { pool, runtime, wantedExecutor }: Pick<Glance, 'pool' | 'runtime' | 'wantedExecutor'>,
): Promise<string | null> {
  const runners = await store.runners.listOffers(project, pool, SEEN_WITHIN_MS)
  if (runners.length === 0) return 'no runner is connected: start one with "rgrid runner"'
  const fits = runners.some((offers) => offers.some((offer) => fitsOffer(offer, wantedExecutor, runtime)))
  if (fits) return null
  const what = wantedExecutor === null ? runtime : `${runtime} on ${wantedExecutor}`
  return `no connected runner offers ${what}`
}
