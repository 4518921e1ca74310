import { idArgument } from '../args/id.js'
import { integerOption } from '../args/integer.js'
import { jsonOption } from '../args/json.js'
import { rawOption } from '../args/raw.js'
import { streamOption } from '../args/stream.js'
import type { LogsFlags } from '../actions/logs.js'
import type { Setup } from '../setup.js'

const MAX_ATTEMPT = 999_999

/** `rgrid logs`. */
export function defineLogs({ program, context, finish }: Setup): void {
  program
    .command('logs')
    .summary('print the output of an execution')
    .description("print an execution's output: its stdout on stdout, its stderr on stderr")
    .addArgument(idArgument())
    .option('-f, --follow', 'go on until the execution ends; Ctrl-C only stops watching')
    .addOption(streamOption())
    .addOption(integerOption('--attempt <number>', 'only what this attempt printed', 1, MAX_ATTEMPT))
    .addOption(rawOption())
    .addOption(jsonOption('print the pieces as JSON lines on stdout'))
    .action(async (id: string, flags: LogsFlags) => {
      const { logs } = await import('../actions/logs.js')
      finish(await logs(context, id, flags))
    })
}
