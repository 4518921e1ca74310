import { movesTo, type Status } from '@rgrid/protocol'
import type { Kysely, Updateable } from 'kysely'
import type { ExecutionsTable, Database } from './schema.js'

/** Which execution to move, and what else has to hold. */
export interface MoveTarget {
  readonly id: string
  readonly attempt?: number
  readonly leaseToken?: string
}

/**
 * Moves an execution to another status: the only way that a status changes. What was said of its progress holds for the
 * status in which it was said, and goes with it.
 *
 * @returns `false` when the move is not legal from where the execution stands, or the fence does not hold.
 */
export async function moveExecution(
  db: Kysely<Database>,
  { id, attempt, leaseToken }: MoveTarget,
  to: Status,
  set: Omit<Updateable<ExecutionsTable>, 'status'>,
): Promise<boolean> {
  let query = db
    .updateTable('executions')
    .set({ progress: null, ...set, status: to })
    .where('id', '=', id)
    .where('status', 'in', movesTo(to))
  if (attempt !== undefined) query = query.where('attempt', '=', attempt)
  if (leaseToken !== undefined) query = query.where('lease_token', '=', leaseToken)
  const { numUpdatedRows } = await query.executeTakeFirst()
  return numUpdatedRows === 1n
}
