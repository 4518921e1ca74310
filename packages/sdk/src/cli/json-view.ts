import type { CliContext } from './context.js'
import { toLogJson, toResultJson } from './json-shapes.js'
import type { View } from './view.js'
import { note, writeJson } from './write.js'

/** Shows an execution as JSON lines: `log`, `status` and last `result`. */
export function createJsonView(context: CliContext): View {
  let pending = Promise.resolve()
  const put = (value: unknown): Promise<void> => (pending = pending.then(() => writeJson(context, value)))
  return {
    log: (piece) => put(toLogJson(piece)),
    // A failure to write shows at the next piece or at the end.
    status: (status, message, attempt) =>
      void put({ type: 'status', status, message, attempt }).catch(() => {}),
    upload() {},
    end: () => pending,
    result: (result, saved) => put({ type: 'result', ...toResultJson(result), saved }),
    note: (text) => note(context, text),
  }
}
