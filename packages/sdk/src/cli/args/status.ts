import type { Status } from '@rgrid/protocol'
import { Option } from 'commander'

// Written out, as the schema that has them takes longer to load than a command line to read; a test compares the two.
const STATUSES = [
  'queued',
  'claimed',
  'running',
  'finishing',
  'completed',
  'failed',
  'timed_out',
  'cancelled',
  'lost',
] as const satisfies readonly Status[]

/** `--status NAME`. */
export const statusOption = (): Option =>
  new Option('--status <name>', 'only executions in this status').choices(STATUSES)
