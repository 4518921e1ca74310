import type { Option } from 'commander'
import { integerOption } from './integer.js'

/** `--slots NUMBER`. */
export const slotsOption = (): Option =>
  integerOption('--slots <number>', 'how many executions at a time', 1, 1_000).default(4)
