import { jsonOption } from '../args/json.js'
import type { FleetFlags } from '../actions/show-fleet.js'
import type { Setup } from '../setup.js'

/** `rgrid runtimes`. */
export function defineRuntimes({ program, context, finish }: Setup): void {
  program
    .command('runtimes')
    .description('list what scripts can run on, and what chooses it')
    .addOption(jsonOption())
    .action(async (flags: FleetFlags) => {
      const { runtimes } = await import('../actions/runtimes.js')
      finish(await runtimes(context, flags))
    })
}
