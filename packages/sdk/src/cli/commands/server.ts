import { jsonOption } from '../args/json.js'
import { portOption } from '../args/port.js'
import type { ServerFlags } from '../actions/server.js'
import type { Setup } from '../setup.js'

/** `rgrid server`. */
export function defineServer({ program, context, finish }: Setup): void {
  program
    .command('server')
    .description('start a server; runners connect to it')
    .option('--host <address>', 'the address to listen on; 0.0.0.0 for every network', '127.0.0.1')
    .addOption(portOption())
    .option('--data-dir <dir>', 'where executions and files are kept')
    .option('--allow-process', 'accept executions that ask for no isolation')
    .addOption(jsonOption('print the URL, and the first keys, as one JSON object on stdout when it is up'))
    .action(async (flags: ServerFlags) => {
      const { server } = await import('../actions/server.js')
      finish(await server(context, flags))
    })
}
