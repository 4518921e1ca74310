import { executorsOption } from '../args/executor.js'
import { slotsOption } from '../args/slots.js'
import type { RunnerFlags } from '../actions/runner.js'
import type { Setup } from '../setup.js'

/** `rgrid runner`. */
export function defineRunner({ program, context, finish }: Setup): void {
  program
    .command('runner')
    .summary('run the executions of a server on this machine')
    .description('run the executions of a server on this machine; its key comes from RGRID_API_KEY')
    .option('--url <url>', 'the server (default: RGRID_URL)')
    .addOption(slotsOption())
    .addOption(executorsOption('how scripts run (default: docker, and process where it is allowed)'))
    .option('--allow-process', 'allow the process executor, which isolates nothing')
    .option('--price-per-hour <amount>', 'what an hour of a running script costs, such as 0.05', '0')
    .action(async (flags: RunnerFlags) => {
      const { runner } = await import('../actions/runner.js')
      finish(await runner(context, flags))
    })
}
