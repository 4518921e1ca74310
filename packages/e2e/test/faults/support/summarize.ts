import type { Round } from './kill-round.js'
import { STEPS } from './steps.js'

/** Says in a table what became of the executions, by what was last seen of them before the runner was killed. */
export function summarize(rounds: readonly Round[]): string {
  const executions = rounds.flatMap(({ ends }) => ends)
  const lines = STEPS.flatMap((step) => {
    const ends = executions.filter(({ seen }) => seen === step).map(({ end }) => end)
    return ends.length === 0 ? [] : [`  ${step}: ${count(ends)}`]
  })
  const missed = rounds.filter(({ wasReached }) => !wasReached).map(({ point }) => point)
  return [
    `${rounds.length} rounds, ${executions.length} executions; ended: ${count(executions.map(({ end }) => end))}`,
    `killed at: ${count(rounds.map(({ point }) => point))}`,
    `moments that did not come: ${missed.length === 0 ? 'none' : missed.join(', ')}`,
    'last seen of an execution before the kill, and its end:',
    ...lines,
  ].join('\n')
}

function count(items: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1)
  return [...counts].map(([item, times]) => `${times} ${item}`).join('; ')
}
