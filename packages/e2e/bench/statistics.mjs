/** The middle of some numbers. */
export const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

/** The number that `share` of the others are not above. */
export const percentile = (values, share) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]

/**
 * Runs candidates one after the other, round by round, so that whatever else the machine does meets all of them. The
 * first rounds do not count.
 */
export async function interleave(candidates, rounds, warmUps = 2) {
  const results = Object.fromEntries(Object.keys(candidates).map((name) => [name, []]))
  for (let round = -warmUps; round < rounds; round++)
    for (const [name, candidate] of Object.entries(candidates)) {
      const result = await candidate()
      if (round >= 0) results[name].push(result)
    }
  return results
}

/** A table in Markdown. The first column holds names, the others numbers. */
export function formatTable(header, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  const rule = header.map((_, index) => (index === 0 ? '---' : '--:'))
  return [line(header), `|${rule.join('|')}|`, ...rows.map(line)].join('\n')
}

export const toMs = (value) => (value === null || value === undefined ? '–' : `${value.toFixed(1)} ms`)
export const toRatio = (value) => `${value.toFixed(2)}×`
