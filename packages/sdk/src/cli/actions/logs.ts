import type { StreamName } from '@rgrid/protocol'
import { defined } from '../../defined.js'
import type { RGridClient } from '../../types.js'
import type { CliContext } from '../context.js'
import { EXIT } from '../exit-code.js'
import { untilInterrupted } from '../until-interrupted.js'
import { createView } from '../view.js'
import { withClient } from '../with-client.js'

/** The flags of `rgrid logs`. */
export interface LogsFlags {
  readonly follow?: boolean
  readonly stream?: StreamName
  readonly attempt?: number
  readonly raw?: boolean
  readonly json?: boolean
}

/** Prints the output of an execution. */
export async function logs(context: CliContext, id: string, flags: LogsFlags): Promise<number> {
  const { follow = false, stream, attempt, raw = false, json = false } = flags
  const over = new AbortController()
  const view = createView(context, { json, raw, quiet: true })
  const work = async (client: RGridClient): Promise<number> => {
    const watch = async (): Promise<number> => {
      for await (const piece of client.logs(id, { follow, signal: over.signal, ...defined({ attempt }) }))
        if (stream === undefined || piece.stream === stream) await view.log(piece)
      await view.end()
      return EXIT.ok
    }
    try {
      return await (follow ? untilInterrupted(context, { id, say: view.note, watch }) : watch())
    } finally {
      over.abort()
    }
  }
  return withClient(context, work, view.note)
}
