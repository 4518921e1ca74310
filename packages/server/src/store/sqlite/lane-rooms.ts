import { sql, type Kysely } from 'kysely'
import type { Database } from './schema.js'

// The words of the index of what runs, by which SQLite finds it.
const RUNS = sql<boolean>`executions.lane IS NOT NULL AND executions.status IN ('claimed', 'running', 'finishing')`

/**
 * How many more executions of each lane with a limit may run: of all lanes of which some run, and of those that are
 * asked for. Below 0 when the limit was lowered.
 */
export async function findLaneRooms(
  trx: Kysely<Database>,
  project: string,
  lanes: readonly string[],
): Promise<Map<string, number>> {
  const running = await trx
    .selectFrom('executions')
    .select(['lane', sql<number>`count(*)`.as('count')])
    .where('project', '=', project)
    .where(RUNS)
    .groupBy('lane')
    .execute()
  const counts = new Map(running.map(({ lane, count }) => [lane, count]))
  const limits = await trx
    .selectFrom('lanes')
    .select(['lane', 'parallel'])
    .where('project', '=', project)
    .where('lane', 'in', [...new Set([...running.flatMap(({ lane }) => lane ?? []), ...lanes])])
    .where('parallel', 'is not', null)
    .execute()
  return new Map(limits.map(({ lane, parallel }) => [lane, (parallel ?? 0) - (counts.get(lane) ?? 0)]))
}
