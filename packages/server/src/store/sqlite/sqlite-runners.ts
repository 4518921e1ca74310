import { offerSchema, type Offer } from '@rgrid/protocol'
import type { Kysely } from 'kysely'
import * as z from 'zod'
import type { RunnerStore } from '../runner-store.js'
import type { Database } from './schema.js'

const SEEN_EVERY_MS = 5_000
const offersSchema = z.array(offerSchema)

/** Reads the column that holds offers. */
export const parseOffers = (text: string): Offer[] => offersSchema.parse(JSON.parse(text))

/** Runners in SQLite. */
export function createRunnerStore(db: Kysely<Database>, now: () => number): RunnerStore {
  return {
    async register({ id, project, pool, name, slots, offers, micronsPerHour }) {
      const said = { pool, name, slots, offers: JSON.stringify(offers), microns_per_hour: micronsPerHour }
      const time = now()
      await db
        .insertInto('runners')
        .values({ ...said, id, project, registered_at: time, last_seen: time })
        .onConflict((conflict) =>
          conflict.columns(['project', 'id']).doUpdateSet({ ...said, last_seen: time }),
        )
        .execute()
    },

    async listOffers(project, pool, withinMs) {
      const rows = await db
        .selectFrom('runners')
        .select('offers')
        .where('project', '=', project)
        .where('pool', '=', pool)
        .where('last_seen', '>=', now() - withinMs)
        .execute()
      return rows.map(({ offers }) => parseOffers(offers))
    },
  }
}

/** Notes that a runner was heard of; at most every few seconds, as each note is a write to disk. */
export async function noteRunnerSeen(
  db: Kysely<Database>,
  project: string,
  id: string,
  lastSeen: number,
  time: number,
): Promise<void> {
  if (lastSeen >= time - SEEN_EVERY_MS) return
  await db
    .updateTable('runners')
    .set({ last_seen: time })
    .where('project', '=', project)
    .where('id', '=', id)
    .execute()
}
