import type { CliContext } from '../../context.js'
import { EXIT } from '../../exit-code.js'
import { withClient } from '../../with-client.js'
import { note, writeJson } from '../../write.js'
import type { JsonFlag } from './json-flag.js'

/** Runs the items of a batch again that failed. */
export async function retryBatch(context: CliContext, id: string, { json }: JsonFlag): Promise<number> {
  const retried = await withClient(context, (client) => client.batches.retry(id))
  const what = retried === 1 ? '1 item runs' : `${retried} items run`
  if (json === true) await writeJson(context, { id, retried })
  else if (retried === 0) await note(context, `no item of ${id} has failed`)
  else await note(context, `${what} again: rgrid batch attach ${id}`)
  return EXIT.ok
}
