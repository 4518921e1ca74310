import { isBatchId } from '../args/batch.js'
import { idArgument } from '../args/id.js'
import { jsonOption } from '../args/json.js'
import type { StatusFlags } from '../actions/status.js'
import type { Setup } from '../setup.js'

/** `rgrid status`. */
export function defineStatus({ program, context, finish }: Setup): void {
  program
    .command('status')
    .description('show how an execution stands')
    .addArgument(idArgument())
    .addOption(jsonOption())
    .action(async (id: string, flags: StatusFlags) => {
      if (isBatchId(id)) {
        const { showBatch } = await import('../actions/batch/status.js')
        return finish(await showBatch(context, id, flags))
      }
      const { status } = await import('../actions/status.js')
      finish(await status(context, id, flags))
    })
}
