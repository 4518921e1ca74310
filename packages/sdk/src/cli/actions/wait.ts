import { describeFailure } from '../../execution/run-error.js'
import type { CliContext } from '../context.js'
import { resultToExitCode } from '../exit-code.js'
import { toResultJson } from '../json-shapes.js'
import { untilInterrupted } from '../until-interrupted.js'
import { withClient } from '../with-client.js'
import { note, writeJson } from '../write.js'

/** The flags of `rgrid wait`. */
export interface WaitFlags {
  readonly json?: boolean
}

/** Waits for the end of an execution, and resolves with its exit code. */
export async function wait(context: CliContext, id: string, { json }: WaitFlags): Promise<number> {
  return withClient(context, (client) => {
    const watch = async (): Promise<number> => {
      const result = await client.attach(id)
      if (json === true) await writeJson(context, toResultJson(result))
      else if (!result.ok && result.cause !== 'exit') await note(context, describeFailure(result))
      return resultToExitCode(result)
    }
    return untilInterrupted(context, { id, say: (text) => note(context, text), watch })
  })
}
