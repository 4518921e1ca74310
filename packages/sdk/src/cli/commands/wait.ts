import { idArgument } from '../args/id.js'
import { jsonOption } from '../args/json.js'
import type { WaitFlags } from '../actions/wait.js'
import type { Setup } from '../setup.js'

/** `rgrid wait`. */
export function defineWait({ program, context, finish }: Setup): void {
  program
    .command('wait')
    .description('wait for the end of an execution, and exit with its exit code')
    .addArgument(idArgument())
    .addOption(jsonOption('print the result as one JSON object on stdout'))
    .action(async (id: string, flags: WaitFlags) => {
      const { wait } = await import('../actions/wait.js')
      finish(await wait(context, id, flags))
    })
}
