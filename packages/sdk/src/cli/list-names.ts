import type { Skipped } from '@rgrid/protocol'
import { toPrintable } from './printable.js'

/** Names on one line; of many the first ones, behind their number. */
export function listNames(names: readonly string[], most: number): string {
  const shown = names.slice(0, most).map(toPrintable).join(' ')
  return names.length > most ? `${names.length} files: ${shown} …` : shown
}

/** What was left behind on one line, with every reason before it comes again. */
export function listSkipped(skipped: readonly Skipped[], most: number): string {
  const named = skipped.filter(({ path }) => path !== '.')
  const firsts = [...new Map(named.toReversed().map((each) => [each.reason, each])).values()].toReversed()
  const ordered = [...firsts, ...named.filter((each) => !firsts.includes(each))]
  // What was too much to be named one by one.
  const counted = skipped.filter(({ path }) => path === '.').map(({ reason }) => toPrintable(reason))
  return [
    listNames(
      ordered.map(({ path, reason }) => `${path} (${reason})`),
      most,
    ),
    ...counted,
  ]
    .filter((part) => part !== '')
    .join(', ')
}
