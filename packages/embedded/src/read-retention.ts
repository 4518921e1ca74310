import { RGridError } from '@rgrid/protocol'
import type { Retention } from '@rgrid/server'

const VARIABLES = {
  outputsDays: 'RGRID_OUTPUTS_DAYS',
  logsDays: 'RGRID_LOGS_DAYS',
  executionsDays: 'RGRID_EXECUTIONS_DAYS',
} as const satisfies Record<keyof Retention, string>

/**
 * Reads how long ended executions are kept from the environment; options go before it.
 *
 * @throws RGridError `invalid_config` naming the variable that is wrong.
 */
export function readRetention(
  env: Readonly<Record<string, string | undefined>>,
  options: Partial<Retention> = {},
): Partial<Retention> {
  const read = (Object.keys(VARIABLES) as (keyof Retention)[]).flatMap((name) => {
    const text = env[VARIABLES[name]] ?? ''
    return text === '' ? [] : [[name, parseDays(VARIABLES[name], text)] as const]
  })
  return { ...Object.fromEntries(read), ...options }
}

function parseDays(variable: string, text: string): number | 'off' {
  if (text === 'off') return text
  const days = /^\d{1,5}(?:\.\d+)?$/.test(text) ? Number(text) : 0
  if (days > 0 && days <= 36_500) return days
  throw new RGridError(
    'invalid_config',
    `${variable} is ${JSON.stringify(text)}: write a number of days over 0 and up to 36500, or "off" to keep everything`,
  )
}
