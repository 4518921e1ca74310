import type { AttemptRecord, Retries } from '@rgrid/protocol'
import { formatDuration } from './duration.js'

/** How one attempt went: `exit code 75 after 0.1 s, on build-3`. */
export function formatAttempt({ runner, memoryMib, usage, message, ...end }: AttemptRecord): string {
  const time = usage === null ? '' : ` after ${formatDuration(usage.wallMs)}`
  const parts = [
    describeEnd(end) + time,
    memoryMib === null ? '' : `${memoryMib} MiB memory`,
    `on ${runner.name ?? runner.id}`,
    message ?? '',
  ]
  return parts.filter((part) => part !== '').join(', ')
}

type End = Pick<AttemptRecord, 'outcome' | 'cause' | 'exitCode' | 'signal'>

function describeEnd({ outcome, cause, exitCode, signal }: End): string {
  if (outcome === null || cause === null) return outcome ?? 'under way'
  if (cause === 'exit') return `exit code ${exitCode ?? 'unknown'}`
  if (cause === 'signal') return `ended by ${signal ?? 'a signal'}`
  return cause.replaceAll('_', ' ')
}

/** What is tried again, as it is written behind `--retry`: `lost=2 exit:75=3 oom=1`. */
export function formatRetries(retries: Retries): string {
  const rules = Object.entries(retries).flatMap(([name, rule]) => {
    if (rule === undefined) return []
    if (typeof rule === 'number') return [`${name}=${rule}`]
    const codes = 'codes' in rule && rule.codes !== undefined ? `:${rule.codes.join(',')}` : ''
    return [`${'memoryMib' in rule ? 'oom' : name}${codes}=${rule.times}`]
  })
  return rules.join(' ')
}
