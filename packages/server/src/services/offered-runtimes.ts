import { compareRuntimes, type Offer } from '@rgrid/protocol'

const MOST_LISTED = 12

/** The runtimes that are offered, each once. */
export const getOffered = (offers: readonly Offer[]): string[] =>
  [...new Set(offers.flatMap(({ runtimes }) => runtimes))].sort(compareRuntimes)

/** Lists names in words; of many only the first. */
export function formatNames(names: readonly string[]): string {
  if (names.length === 0) return 'none'
  const more = names.length - MOST_LISTED
  return `${names.slice(0, MOST_LISTED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
