import { idArgument } from '../args/id.js'
import { jsonOption } from '../args/json.js'
import { rawOption } from '../args/raw.js'
import type { AttachFlags } from '../actions/attach.js'
import type { Setup } from '../setup.js'

/** `rgrid attach`. */
export function defineAttach({ program, context, finish }: Setup): void {
  program
    .command('attach')
    .summary('watch an execution from its first byte, and exit with its exit code')
    .description(
      'watch an execution from its first byte, and exit with its exit code; Ctrl-C only stops watching',
    )
    .addArgument(idArgument())
    .addOption(rawOption())
    .option('-q, --quiet', "say nothing but the script's output and failures")
    .addOption(jsonOption('print output, status and result as JSON lines on stdout'))
    .action(async (id: string, flags: AttachFlags) => {
      const { attach } = await import('../actions/attach.js')
      finish(await attach(context, id, flags))
    })
}
