import type { Execution, Result } from '../types.js'
import type { View } from './view.js'

/** Shows an execution from its first byte to its end. */
export async function followExecution(execution: Execution, view: View): Promise<Result> {
  // When showing fails, nobody waits for the result any more.
  execution.catch(() => {})
  const stop = execution.onStatus(view.status)
  const stopUpload = execution.onUpload((progress) => view.upload(progress))
  try {
    for await (const piece of execution.logs()) await view.log(piece)
    return await execution
  } finally {
    stop()
    stopUpload()
    await view.end()
  }
}
