import { jsonOption } from '../args/json.js'
import type { FleetFlags } from '../actions/show-fleet.js'
import type { Setup } from '../setup.js'

/** `rgrid runners`. */
export function defineRunners({ program, context, finish }: Setup): void {
  program
    .command('runners')
    .description('list the runners that are there, and how they fare')
    .addOption(jsonOption())
    .action(async (flags: FleetFlags) => {
      const { runners } = await import('../actions/runners.js')
      finish(await runners(context, flags))
    })
}
