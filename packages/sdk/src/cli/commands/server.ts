import { collect } from '../args/collect.js'
import { jsonOption } from '../args/json.js'
import { portOption } from '../args/port.js'
import { ceilingOptions } from '../args/resources.js'
import { retentionOptions } from '../args/retention.js'
import type { ServerFlags } from '../actions/server.js'
import type { Setup } from '../setup.js'

/** `rgrid server`. */
export function defineServer({ program, context, finish }: Setup): void {
  const command = program.command('server')
  command
    .description('start a server; runners connect to it')
    .option('--host <address>', 'the address to listen on; 0.0.0.0 for every network', '127.0.0.1')
    .addOption(portOption())
    .option('--data-dir <dir>', 'where executions and files are kept')
    .option('--allow-process', 'accept executions that ask for no isolation')
    .option(
      '--allow-image <pattern>',
      'let executions name such images, * for anything, such as "ghcr.io/me/*" (repeatable; default: none)',
      collect,
    )
    .addOption(jsonOption('print the URL, and the first keys, as one JSON object on stdout when it is up'))
    .action(async (flags: ServerFlags) => {
      const { server } = await import('../actions/server.js')
      finish(await server(context, flags))
    })
  for (const option of [...ceilingOptions(), ...retentionOptions()]) command.addOption(option)
}
