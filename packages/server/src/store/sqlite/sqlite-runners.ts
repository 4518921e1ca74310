import { offerSchema, poolStatsSchema, type Offer, type PoolStats } from '@rgrid/protocol'
import type { Kysely, Selectable } from 'kysely'
import * as z from 'zod'
import type { RunnerStore } from '../runner-store.js'
import type { Database, RunnersTable } from './schema.js'

const SEEN_EVERY_MS = 5_000
const STATS_EVERY_MS = 1_000
const offersSchema = z.array(offerSchema)

let lastParsed: { readonly text: string; readonly offers: readonly Offer[] } | undefined

/** Reads the column that holds offers. Mostly they are the same as the last time. */
export function parseOffers(text: string): readonly Offer[] {
  if (lastParsed?.text !== text) lastParsed = { text, offers: offersSchema.parse(JSON.parse(text)) }
  return lastParsed.offers
}

/** Runners in SQLite. */
export function createRunnerStore(db: Kysely<Database>, now: () => number): RunnerStore {
  return {
    async register({ id, project, pool, name, slots, offers, environments, micronsPerHour }) {
      const said = {
        pool,
        name,
        slots,
        offers: JSON.stringify(offers),
        environments: JSON.stringify(environments),
        microns_per_hour: micronsPerHour,
        pool_stats: null,
        holds_back: null,
      }
      const time = now()
      await db
        .insertInto('runners')
        .values({ ...said, id, project, registered_at: time, last_seen: time })
        .onConflict((conflict) =>
          conflict.columns(['project', 'id']).doUpdateSet({ ...said, last_seen: time }),
        )
        .execute()
    },

    async list(project, pool, withinMs) {
      const rows = await db
        .selectFrom('runners')
        .select(['id', 'name', 'slots', 'offers', 'pool_stats', 'holds_back as holdsBack', 'last_seen'])
        .where('project', '=', project)
        .where('pool', '=', pool)
        .where('last_seen', '>=', now() - withinMs)
        .orderBy('name')
        .orderBy('id')
        .execute()
      return rows.map(({ offers, pool_stats: stats, last_seen: lastSeen, ...row }) => ({
        ...row,
        offers: parseOffers(offers),
        poolStats: stats === null ? null : poolStatsSchema.parse(JSON.parse(stats)),
        lastSeen,
      }))
    },
  }
}

/** What a runner says of itself with a claim. */
interface Said {
  readonly poolStats: PoolStats | undefined
  readonly holdsBack: string | null
}

/** Notes that a runner was heard of, and what it said; at most every few seconds, as each note is a write to disk. */
export async function noteRunnerSeen(
  db: Kysely<Database>,
  project: string,
  id: string,
  known: Pick<Selectable<RunnersTable>, 'last_seen' | 'pool_stats' | 'holds_back'>,
  time: number,
  said?: Said,
): Promise<void> {
  const { last_seen: lastSeen, pool_stats: before, holds_back: heldBack } = known
  const stats = said?.poolStats === undefined ? before : JSON.stringify(said.poolStats)
  const holdsBack = said === undefined ? heldBack : said.holdsBack
  const isUrgent = (before === null && stats !== null) || holdsBack !== heldBack
  if (!isUrgent && lastSeen >= time - (stats === before ? SEEN_EVERY_MS : STATS_EVERY_MS)) return
  await db
    .updateTable('runners')
    .set({ last_seen: time, pool_stats: stats, holds_back: holdsBack })
    .where('project', '=', project)
    .where('id', '=', id)
    .execute()
}
