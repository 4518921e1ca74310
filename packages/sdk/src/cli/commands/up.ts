import { executorOption } from '../args/executor.js'
import { jsonOption } from '../args/json.js'
import { portOption } from '../args/port.js'
import { retentionOptions } from '../args/retention.js'
import { slotsOption } from '../args/slots.js'
import type { UpFlags } from '../actions/up.js'
import type { Setup } from '../setup.js'

/** `rgrid up`. */
export function defineUp({ program, context, finish }: Setup): void {
  const command = program.command('up')
  command
    .summary('start a server and a runner on this machine')
    .description('start a server and a runner on this machine; rgrid in other terminals finds them')
    .addOption(portOption())
    .addOption(slotsOption())
    .addOption(executorOption('how scripts run (default: docker where an engine answers, else process)'))
    .option('--data-dir <dir>', 'where executions and files are kept')
    .addOption(jsonOption('print the URL as one JSON object on stdout when it is up'))
    .action(async (flags: UpFlags) => {
      const { up } = await import('../actions/up.js')
      finish(await up(context, flags))
    })
  for (const option of retentionOptions()) command.addOption(option)
}
