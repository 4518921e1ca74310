import { idArgument } from '../args/id.js'
import { jsonOption } from '../args/json.js'
import type { OutputsFlags } from '../actions/outputs.js'
import type { Setup } from '../setup.js'

/** `rgrid outputs`. */
export function defineOutputs({ program, context, finish }: Setup): void {
  program
    .command('outputs')
    .description('list the files an execution wrote')
    .addArgument(idArgument())
    .option('--inputs', 'list the files it was given as well')
    .addOption(jsonOption())
    .action(async (id: string, flags: OutputsFlags) => {
      const { outputs } = await import('../actions/outputs.js')
      finish(await outputs(context, id, flags))
    })
}
