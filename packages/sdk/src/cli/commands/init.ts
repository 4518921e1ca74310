import { jsonOption } from '../args/json.js'
import type { InitFlags } from '../actions/init.js'
import type { Setup } from '../setup.js'

/** `rgrid init`. */
export function defineInit({ program, context, finish }: Setup): void {
  program
    .command('init')
    .summary('write a first script and .rgrid/config.toml')
    .description('write a first script and .rgrid/config.toml, without overwriting anything')
    .argument('[dir]', 'where', '.')
    .option('--url <url>', 'use this server, and keep the API key read from stdin in ~/.rgrid/credentials')
    .addOption(jsonOption())
    .action(async (dir: string, flags: InitFlags) => {
      const { init } = await import('../actions/init.js')
      finish(await init(context, dir, flags))
    })
}
