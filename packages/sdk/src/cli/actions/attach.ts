import type { RGridClient } from '../../types.js'
import type { CliContext } from '../context.js'
import { resultToExitCode } from '../exit-code.js'
import { followExecution } from '../follow-execution.js'
import { formatReceipt } from '../receipt.js'
import { untilInterrupted } from '../until-interrupted.js'
import { createView } from '../view.js'
import { withClient } from '../with-client.js'

/** The flags of `rgrid attach`. */
export interface AttachFlags {
  readonly raw?: boolean
  readonly quiet?: boolean
  readonly json?: boolean
}

/** Watches an execution to its end, and resolves with its exit code. */
export async function attach(context: CliContext, id: string, flags: AttachFlags): Promise<number> {
  const view = createView(context, { ...flags, raw: flags.raw ?? false })
  const work = (client: RGridClient): Promise<number> => {
    const watch = async (): Promise<number> => {
      const result = await followExecution(client.attach(id), view)
      await view.result(result, [])
      const isRemote = (await client.target()) !== 'embedded'
      const receipt = formatReceipt(context, result, { ...flags, saved: [], isRemote })
      if (receipt !== '') await view.note(receipt)
      return resultToExitCode(result)
    }
    return untilInterrupted(context, { id, say: view.note, watch })
  }
  return withClient(context, work, view.note)
}
