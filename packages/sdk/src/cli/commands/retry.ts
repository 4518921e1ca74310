import { isBatchId } from '../args/batch.js'
import { idArgument } from '../args/id.js'
import { jsonOption } from '../args/json.js'
import type { CarryOutFlags } from '../actions/run.js'
import type { Setup } from '../setup.js'

/** `rgrid retry`. */
export function defineRetry({ program, context, finish }: Setup): void {
  program
    .command('retry')
    .summary('run an execution that has ended again')
    .description(
      'run an execution that has ended again, as a new one with the same script, arguments, environment and files',
    )
    .addArgument(idArgument())
    .option('--remote-only', 'leave the files the script wrote on the server')
    .option('--failed', 'of a batch: run its failed items again, which is what happens to one in any case')
    .option('-d, --detach', 'print the new id and return, while the script goes on')
    .option('-q, --quiet', "say nothing but the script's output and failures")
    .addOption(jsonOption('print output, status and result as JSON lines on stdout'))
    .action(async (id: string, flags: CarryOutFlags) => {
      if (isBatchId(id)) {
        const { retryBatch } = await import('../actions/batch/retry.js')
        return finish(await retryBatch(context, id, flags))
      }
      const { retry } = await import('../actions/retry.js')
      finish(await retry(context, id, flags))
    })
}
