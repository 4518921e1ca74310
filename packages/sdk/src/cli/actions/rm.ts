import { RGridError } from '@rgrid/protocol'
import type { CliContext } from '../context.js'
import { errorToExitCode, EXIT } from '../exit-code.js'
import { withClient } from '../with-client.js'
import { note, writeJson } from '../write.js'

/** The flags of `rgrid rm`. */
export interface RmFlags {
  readonly output?: readonly string[]
  readonly json?: boolean
}

/** Deletes executions, or outputs of them. What cannot be deleted is told, and the rest goes all the same. */
export async function rm(context: CliContext, ids: readonly string[], flags: RmFlags): Promise<number> {
  const { output: outputs = [], json } = flags
  return withClient(context, async (client) => {
    let code: number = EXIT.ok
    const removed: { id: string; output?: string }[] = []
    for (const id of ids)
      for (const what of outputs.length === 0 ? [{}] : outputs.map((output) => ({ output }))) {
        try {
          await client.remove(id, what)
          removed.push({ id, ...what })
        } catch (error) {
          code = errorToExitCode(error)
          if (!(error instanceof RGridError) || code !== EXIT.failure) throw error
          await note(context, error.message)
        }
      }
    if (json === true) await writeJson(context, { removed })
    else if (removed.length > 0) await note(context, `deleted ${removed.map(describe).join(', ')}`)
    return code
  })
}

const describe = ({ id, output }: { id: string; output?: string }): string =>
  output === undefined ? id : `"${output}" of ${id}`
