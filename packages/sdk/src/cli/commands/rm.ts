import { Argument } from 'commander'
import { collect } from '../args/collect.js'
import { jsonOption } from '../args/json.js'
import type { RmFlags } from '../actions/rm.js'
import type { Setup } from '../setup.js'

/** `rgrid rm`. */
export function defineRm({ program, context, finish }: Setup): void {
  program
    .command('rm')
    .description('delete executions that have ended, with their logs and files')
    .addArgument(new Argument('<id...>', 'ids of executions, as rgrid ls shows them'))
    .option('--output <path>', 'delete only this output file (repeatable)', collect)
    .addOption(jsonOption())
    .action(async (ids: string[], flags: RmFlags) => {
      const { rm } = await import('../actions/rm.js')
      finish(await rm(context, ids, flags))
    })
}
