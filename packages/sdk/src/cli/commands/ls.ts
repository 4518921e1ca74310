import { integerOption } from '../args/integer.js'
import { jsonOption } from '../args/json.js'
import { statusOption } from '../args/status.js'
import type { LsFlags } from '../actions/ls.js'
import type { Setup } from '../setup.js'

const MAX_LIMIT = 10_000

/** `rgrid ls`. */
export function defineLs({ program, context, finish }: Setup): void {
  program
    .command('ls')
    .description('list executions, newest first')
    .addOption(statusOption())
    .addOption(integerOption('--limit <number>', 'at most so many', 1, MAX_LIMIT).default(20))
    .option('-q, --quiet', 'print ids only')
    .addOption(jsonOption())
    .action(async (flags: LsFlags) => {
      const { ls } = await import('../actions/ls.js')
      finish(await ls(context, flags))
    })
}
