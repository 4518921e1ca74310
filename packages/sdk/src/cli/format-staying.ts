import type { Staying } from '../files/keep-links.js'
import { toPrintable } from './printable.js'

const SHOWN = 5

/** One line that names some of what was found and does not travel, and counts the rest. */
export function formatStaying(staying: readonly Staying[], count = staying.length): string {
  const shown = staying.slice(0, SHOWN)
  const named = shown.map(({ path, reason }) => `${path} ${reason}`).join(', ')
  const more = count > shown.length ? `, and ${count - shown.length} more` : ''
  return `not taken along: ${toPrintable(named)}${more}`
}
