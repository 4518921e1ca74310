import type { BatchItemEvent, StreamName } from '@rgrid/protocol'
import type { Api } from '@rgrid/protocol/client'
import { createEnd } from '../execution/create-result.js'
import { readLogs } from '../execution/read-logs.js'
import type { BatchResult } from './types.js'

/** Makes the result of an item of a batch from the server's record; its output stays on the server until it is asked for. */
export function createBatchResult(
  api: Api,
  { index, name, outcome, execution }: BatchItemEvent,
): BatchResult {
  const logs: BatchResult['logs'] = () => readLogs(() => Promise.resolve([api, execution.id]), {})
  return {
    ...createEnd(api, execution),
    index,
    name,
    outcome,
    reused: outcome === 'reused',
    logs,
    async text(stream: StreamName = 'stdout') {
      let text = ''
      for await (const piece of logs()) if (piece.stream === stream) text += piece.text
      return text
    },
  }
}
