import { LIMITS, matchesPattern, type Environments } from '@rgrid/protocol'
import type { RuntimeTable } from '../runtimes/runtime-table.js'
import { toEnvironment } from './environment.js'
import type { ListedImage } from './images/list-images.js'
import { listSynonyms } from './images/list-synonyms.js'

/** A name that a script may ask for, and where it leads. */
interface Lead {
  readonly name: string
  /** How many of its synonyms are more usual. */
  readonly rank: number
  readonly environment: string
}

/**
 * Says what scripts run in on an engine that has these images. Of too many names those are left out that are the least
 * usual.
 */
export function listEnvironments(
  listed: readonly ListedImage[],
  runtimes: RuntimeTable,
  allowedImages: readonly string[],
): Environments {
  const byName = listed.flatMap(({ id, names }) => names.flatMap((name) => listLeads(name, id)))
  const byId = listed.flatMap(({ id }) => listLeads(id, id))
  const leads = [...byName.toSorted((left, right) => left.rank - right.rank), ...byId]
  const found = new Map(leads.map(({ name, environment }) => [name, environment]))
  const named = Object.entries(runtimes).flatMap(([runtime, { image }]) => {
    const environment = found.get(listSynonyms(image)[0] ?? image)
    return environment === undefined ? [] : [[runtime, environment] as const]
  })
  const told = leads
    .filter(({ name }) => name.length <= LIMITS.imageChars)
    .filter(({ name }) => allowedImages.some((pattern) => matchesPattern(pattern, name)))
    .slice(0, LIMITS.environmentImages)
  return {
    executor: 'docker',
    runtimes: Object.fromEntries(named),
    images: Object.fromEntries(told.map(({ name, environment }) => [name, environment])),
  }
}

const listLeads = (name: string, id: string): Lead[] =>
  listSynonyms(name).map((synonym, rank) => ({ name: synonym, rank, environment: toEnvironment(id) }))
