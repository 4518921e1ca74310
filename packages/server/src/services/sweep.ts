import type { Context } from '../context.js'
import { controlTopic, executionTopic, queueTopic } from '../signals.js'
import { endItem } from './end-item.js'

const EMBEDDED_GRACE_MS = 60_000

/** Takes away leases that ran out, gives up what nobody will run, and tells everyone who waits. */
export async function sweep(context: Context): Promise<void> {
  const { store, signals, leaseMarginMs, logger } = context
  const swept = await store.executions.sweep({ leaseMarginMs, embeddedGraceMs: EMBEDDED_GRACE_MS })
  for (const { id, project, pool, lane, status, dueInMs } of swept) {
    logger.info('an execution was taken from its runner', { executionId: id, status })
    signals.notify(executionTopic(id))
    signals.notify(controlTopic(id))
    if (status !== 'queued') {
      await endItem(context, { id, project, lane, status })
      continue
    }
    // Where it is put off, another of its lane may go meanwhile.
    signals.notify(queueTopic(project, pool))
    if (dueInMs > 0) signals.notifyLater(queueTopic(project, pool), dueInMs)
  }
}
