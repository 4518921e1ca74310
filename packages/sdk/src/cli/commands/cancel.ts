import { isBatchId } from '../args/batch.js'
import { idArgument } from '../args/id.js'
import { jsonOption } from '../args/json.js'
import type { CancelFlags } from '../actions/cancel.js'
import type { Setup } from '../setup.js'

/** `rgrid cancel`. */
export function defineCancel({ program, context, finish }: Setup): void {
  program
    .command('cancel')
    .description('ask for the end of an execution')
    .addArgument(idArgument())
    .addOption(jsonOption())
    .action(async (id: string, flags: CancelFlags) => {
      if (isBatchId(id)) {
        const { cancelBatch } = await import('../actions/batch/cancel.js')
        return finish(await cancelBatch(context, id, flags))
      }
      const { cancel } = await import('../actions/cancel.js')
      finish(await cancel(context, id, flags))
    })
}
