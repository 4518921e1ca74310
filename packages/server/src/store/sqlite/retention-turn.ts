import type { Kysely } from 'kysely'
import type { Turn, TurnOrder } from '../retention-store.js'
import type { Database } from './schema.js'

const ROW = { id: 1 } as const
const NEVER = 0

/** Takes or keeps the turn to collect. */
export function takeTurn(
  db: Kysely<Database>,
  time: number,
  { holder, leaseMs, everyMs }: TurnOrder,
): Promise<Turn | undefined> {
  return db.transaction().execute(async (trx) => {
    const row = await trx.selectFrom('retention_turn').selectAll().executeTakeFirst()
    if (row !== undefined && row.holder !== holder && row.held_until > time) return undefined
    // A time to come was written by a clock that has been set back since.
    if (row !== undefined && row.ended_at <= time && row.ended_at > time - everyMs) return undefined
    const held = { holder, held_until: time + leaseMs }
    await trx
      .insertInto('retention_turn')
      .values({ ...ROW, ...held, ended_at: NEVER, position: 0 })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(held))
      .execute()
    return { position: row?.position ?? 0 }
  })
}

/** Gives the turn back. */
export async function endTurn(
  db: Kysely<Database>,
  time: number,
  holder: string,
  isDone: boolean,
): Promise<void> {
  await db
    .updateTable('retention_turn')
    .set((eb) => ({
      held_until: NEVER,
      ...(isDone ? { ended_at: time, position: eb('position', '+', 1) } : {}),
    }))
    .where('holder', '=', holder)
    .execute()
}
