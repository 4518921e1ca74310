import { isTerminal } from '@rgrid/protocol'
import type { Kysely } from 'kysely'
import { alreadyFinished } from '../faults.js'
import { moveExecution } from './move-execution.js'
import type { Database } from './schema.js'

const NEVER_STARTED = 'cancelled before it was started'

/** Cancels a queued execution at once, and asks the runner of a later one to. */
export function cancelExecution(
  db: Kysely<Database>,
  now: () => number,
  project: string,
  id: string,
): Promise<'cancelled' | 'requested' | undefined> {
  return db.transaction().execute(async (trx) => {
    const row = await trx
      .selectFrom('executions')
      .select(['status', 'attempt'])
      .where('id', '=', id)
      .where('project', '=', project)
      .executeTakeFirst()
    if (row === undefined) return undefined
    if (row.status === 'cancelled') return 'cancelled'
    if (isTerminal(row.status)) throw alreadyFinished(id, row.status)
    if (row.status === 'queued') {
      const message = row.attempt === 0 ? NEVER_STARTED : 'cancelled while it waited to be tried again'
      const ended = { cancel_requested: 1, cause: 'cancelled', message, finished_at: now() } as const
      await moveExecution(trx, { id }, 'cancelled', ended)
      return 'cancelled'
    }
    await trx.updateTable('executions').set({ cancel_requested: 1 }).where('id', '=', id).execute()
    return 'requested'
  })
}
