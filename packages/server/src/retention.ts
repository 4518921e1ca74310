import { LIMITS } from '@rgrid/protocol'
import * as z from 'zod'

const MAX_DAYS = 36_500

const daysSchema = z.union([z.literal('off'), z.number().positive().max(MAX_DAYS)], {
  error: `must be "off", or a number of days over 0 and up to ${MAX_DAYS}`,
})

/** How long ended executions are kept: the schema of what may be said of it, with the defaults. */
export const retentionSchema = z.strictObject({
  outputsDays: daysSchema.default(LIMITS.outputsDays),
  logsDays: daysSchema.default(LIMITS.logsDays),
  executionsDays: daysSchema.default(LIMITS.executionsDays),
})

/** How long what belongs to ended executions is kept, in days since their end; `off` keeps it for good. */
export interface Retention {
  /** Their files, given and made. @default 30 */
  readonly outputsDays: number | 'off'
  /** Their logs. @default 30 */
  readonly logsDays: number | 'off'
  /** Their records, and with them files and logs. @default 90 */
  readonly executionsDays: number | 'off'
}
