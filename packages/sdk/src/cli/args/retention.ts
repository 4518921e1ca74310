import { InvalidArgumentError, Option } from 'commander'
import { defined } from '../../defined.js'

const MAX_DAYS = 36_500

/** The flags of how long a server keeps ended executions. */
export interface RetentionFlags {
  readonly outputsDays?: number | 'off'
  readonly logsDays?: number | 'off'
  readonly executionsDays?: number | 'off'
}

/** `--outputs-days`, `--logs-days`, `--executions-days`. */
export const retentionOptions = (): Option[] => [
  daysOption('--outputs-days <days>', 'how long files of ended executions are kept, or off (default: 30)'),
  daysOption('--logs-days <days>', 'how long their logs are kept, or off (default: 30)'),
  daysOption('--executions-days <days>', 'how long their records are kept, or off (default: 90)'),
]

/** What of it was said. */
export const toRetention = ({ outputsDays, logsDays, executionsDays }: RetentionFlags) =>
  defined({ outputsDays, logsDays, executionsDays })

const daysOption = (flags: string, description: string): Option =>
  new Option(flags, description).argParser((text) => {
    if (text === 'off') return text
    const days = /^\d{1,5}(?:\.\d+)?$/.test(text) ? Number(text) : 0
    if (days > 0 && days <= MAX_DAYS) return days
    throw new InvalidArgumentError(
      `Write a number of days over 0 and up to ${MAX_DAYS}, or off to keep everything.`,
    )
  })
