import type { RGridClient } from '../../../types.js'
import { createBatchView } from '../../batch/batch-view.js'
import { followBatch } from '../../batch/follow-batch.js'
import type { CliContext } from '../../context.js'
import { EXIT } from '../../exit-code.js'
import { untilInterrupted } from '../../until-interrupted.js'
import { withClient } from '../../with-client.js'

/** The flags of `rgrid batch attach`. */
export interface AttachBatchFlags {
  readonly quiet?: boolean
  readonly logs?: boolean
  readonly json?: boolean
}

/** Watches a batch to its end, and resolves with 0 when every item completed. */
export async function attachBatch(context: CliContext, id: string, flags: AttachBatchFlags): Promise<number> {
  return withClient(context, (client) => watchBatch(context, client, id, flags))
}

/** The same with a client that is there. */
export async function watchBatch(
  context: CliContext,
  client: RGridClient,
  id: string,
  flags: AttachBatchFlags,
): Promise<number> {
  const view = createBatchView(context, flags)
  const watch = async (): Promise<number> => {
    const printLogs = flags.logs === true
    const { summary } = await followBatch(client.attachBatch(id), { view, printLogs })
    await view.summary(summary, undefined)
    return summary.ok ? EXIT.ok : EXIT.failure
  }
  try {
    return await untilInterrupted(context, { id, say: view.note, watch })
  } finally {
    view.stop()
  }
}
