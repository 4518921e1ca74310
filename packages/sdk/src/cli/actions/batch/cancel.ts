import type { CliContext } from '../../context.js'
import { EXIT } from '../../exit-code.js'
import { withClient } from '../../with-client.js'
import { note, writeJson } from '../../write.js'
import type { JsonFlag } from './json-flag.js'

/** Asks for the end of a batch. */
export async function cancelBatch(context: CliContext, id: string, { json }: JsonFlag): Promise<number> {
  await withClient(context, (client) => client.batches.cancel(id))
  if (json === true) await writeJson(context, { id, cancelRequested: true })
  else await note(context, `asked ${id} to end`)
  return EXIT.ok
}
