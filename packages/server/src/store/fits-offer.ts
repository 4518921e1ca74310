import { matchesPattern, RESOURCE_NAMES, type Network, type Offer, type Resources } from '@rgrid/protocol'
import type { Needs } from './needs.js'

/** One of the things that an execution asks for. */
export type Demand = { readonly isMet: (offer: Offer) => boolean } & (
  | { readonly field: 'executor' | 'runtime' }
  | { readonly field: 'image'; readonly wanted: string }
  | { readonly field: 'network'; readonly wanted: Network }
  | {
      readonly field: `resources.${keyof Resources}`
      readonly name: keyof Resources
      readonly wanted: number
    }
)

/** What an execution asks for, one by one. */
export function listDemands({ executor, runtime, image, network, resources }: Needs): Demand[] {
  const demands: Demand[] = []
  if (executor !== null) demands.push({ field: 'executor', isMet: (offer) => offer.executor === executor })
  // Also with an image of its own: the runtime says which program of that image runs the script.
  demands.push({ field: 'runtime', isMet: ({ runtimes }) => runtimes.includes(runtime) })
  if (image !== null)
    demands.push({ field: 'image', wanted: image, isMet: (offer) => allowsImage(offer, image) })
  if (network !== null)
    demands.push({ field: 'network', wanted: network, isMet: (offer) => allowsNetwork(offer, network) })
  for (const name of RESOURCE_NAMES) {
    const wanted = resources[name]
    if (wanted === undefined) continue
    const isMet: Demand['isMet'] = (offer) => offer.resources !== null && wanted <= offer.resources[name]
    demands.push({ field: `resources.${name}`, name, wanted, isMet })
  }
  return demands
}

/** Whether an offer can take an execution. The claim's query says the same in SQL. */
export const fitsOffer = (offer: Offer, needs: Needs): boolean =>
  listDemands(needs).every(({ isMet }) => isMet(offer))

// Where nothing is held to anything, neither an image nor the lack of a network can be had.
const allowsImage = ({ resources, images }: Offer, image: string): boolean =>
  resources !== null && images.some((pattern) => matchesPattern(pattern, image))

const allowsNetwork = ({ resources, networks }: Offer, network: Network): boolean =>
  networks.includes(network) && (network !== 'none' || resources !== null)
