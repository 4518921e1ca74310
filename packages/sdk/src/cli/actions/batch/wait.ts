import type { CliContext } from '../../context.js'
import { EXIT } from '../../exit-code.js'
import { untilInterrupted } from '../../until-interrupted.js'
import { withClient } from '../../with-client.js'
import { note, writeJson } from '../../write.js'
import { formatFailures } from '../../batch/format-batch.js'
import type { JsonFlag } from './json-flag.js'

/** Waits for the end of a batch, and resolves with 0 when every item completed. */
export async function waitForBatch(context: CliContext, id: string, { json }: JsonFlag): Promise<number> {
  return withClient(context, (client) => {
    const watch = async (): Promise<number> => {
      const summary = await client.attachBatch(id)
      if (json === true) await writeJson(context, summary)
      else for (const line of formatFailures(summary)) await note(context, line)
      return summary.ok ? EXIT.ok : EXIT.failure
    }
    return untilInterrupted(context, { id, say: (text) => note(context, text), watch })
  })
}
