import { InvalidArgumentError, Option } from 'commander'
import { integerOption } from './integer.js'
import { sizeOption } from './size.js'

const MAX_PIDS = 32_768

/** What one script may use: `--cpus`, `--memory`, `--pids`, `--disk`. */
export const resourceOptions = (): Option[] => [
  cpusOption('--cpus <number>', 'how many CPUs it may use, such as 0.5 (default: 2)'),
  sizeOption('--memory <size>', 'how much memory, such as 64m or 1g (default: 512m)'),
  integerOption('--pids <number>', 'how many processes and threads (default: 256)', 1, MAX_PIDS),
  sizeOption('--disk <size>', 'how much it may write into its directory, such as 1g (default: 5g)'),
]

/** The most that a server lets one script ask for. */
export const ceilingOptions = (): Option[] => [
  cpusOption('--max-cpus <number>', 'refuse executions that ask for more CPUs'),
  sizeOption('--max-memory <size>', 'refuse those that ask for more memory, such as 4g'),
  integerOption('--max-pids <number>', 'refuse those that ask for more processes', 1, MAX_PIDS),
  sizeOption('--max-disk <size>', 'refuse those that ask for more disk, such as 20g'),
]

const cpusOption = (flags: string, description: string): Option =>
  new Option(flags, description).argParser((text) => {
    const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : NaN
    if (value > 0) return value
    throw new InvalidArgumentError('Write a number such as 2 or 0.5.')
  })
