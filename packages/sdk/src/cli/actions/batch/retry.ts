import type { RGridClient } from '../../../types.js'
import type { CliContext } from '../../context.js'
import { EXIT } from '../../exit-code.js'
import { withClient } from '../../with-client.js'
import { note, writeJson } from '../../write.js'
import { watchBatch } from './attach.js'
import type { JsonFlag } from './json-flag.js'

/** Runs the items of a batch again that failed; without a server that would go on with them it stays to their end. */
export async function retryBatch(context: CliContext, id: string, flags: JsonFlag): Promise<number> {
  const work = async (client: RGridClient): Promise<number> => {
    const retried = await client.batches.retry(id)
    const stays = retried > 0 && (await client.target()) === 'embedded'
    await tell(context, id, retried, flags, stays)
    return stays ? watchBatch(context, client, id, flags) : EXIT.ok
  }
  return withClient(context, work)
}

async function tell(
  context: CliContext,
  id: string,
  retried: number,
  { json }: JsonFlag,
  stays: boolean,
): Promise<void> {
  const what = retried === 1 ? '1 item runs' : `${retried} items run`
  if (json === true) await writeJson(context, { id, retried })
  else if (retried === 0) await note(context, `no item of ${id} has failed`)
  else await note(context, stays ? `${what} again` : `${what} again: rgrid batch attach ${id}`)
}
