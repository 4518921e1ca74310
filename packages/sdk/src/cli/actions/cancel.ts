import type { CliContext } from '../context.js'
import { EXIT } from '../exit-code.js'
import { withClient } from '../with-client.js'
import { note, writeJson } from '../write.js'

/** The flags of `rgrid cancel`. */
export interface CancelFlags {
  readonly json?: boolean
}

/** Asks for the end of an execution. */
export async function cancel(context: CliContext, id: string, { json }: CancelFlags): Promise<number> {
  await withClient(context, (client) => client.cancel(id))
  if (json === true) await writeJson(context, { id, cancelRequested: true })
  else await note(context, `asked ${id} to end`)
  return EXIT.ok
}
