import { matchesPattern, RESOURCE_NAMES, RGridError, type Issue } from '@rgrid/protocol'
import type { Context } from '../context.js'
import type { StoredSpec } from '../store/execution-store.js'

/** The refusal of an execution that asks for more than this server allows; `undefined` when it does not. */
export function findExcess(
  { ceilings, images, networks }: Pick<Context, 'ceilings' | 'images' | 'networks'>,
  { resources, image, network }: Pick<StoredSpec, 'resources' | 'image' | 'network'>,
): RGridError | undefined {
  const issues: Issue[] = []
  for (const name of RESOURCE_NAMES) {
    const wanted = resources[name] ?? 0
    const most = ceilings[name] ?? Infinity
    if (wanted > most)
      issues.push({
        path: `resources.${name}`,
        message: `${wanted} is over the limit of ${most} on this server`,
      })
  }
  if (image !== undefined && !images.some((pattern) => matchesPattern(pattern, image)))
    issues.push({ path: 'image', message: explainChoice(image, images) })
  if (network !== undefined && !networks.includes(network))
    issues.push({ path: 'network', message: explainChoice(network, networks) })
  const [first] = issues
  if (first === undefined) return undefined
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : ''
  return new RGridError('invalid_request', `${first.path}: ${first.message}${more}`, { issues })
}

const explainChoice = (wanted: string, allowed: readonly string[]): string =>
  allowed.length === 0
    ? `"${wanted}" is not allowed on this server, where none may be asked for`
    : `"${wanted}" is not allowed on this server: it allows ${allowed.map((each) => `"${each}"`).join(', ')}`
