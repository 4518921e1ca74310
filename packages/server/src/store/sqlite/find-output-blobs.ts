import { sql, type Kysely } from 'kysely'
import type { Database } from './schema.js'

/** The blobs of the output files of an execution. */
export interface OutputBlobs {
  /** Whether all of them are there, as far as the store knows. */
  readonly isWhole: boolean
  /** Those that are not in the store itself. */
  readonly sha256s: readonly string[]
}

/** Finds the blobs of the output files of executions. */
export async function findOutputBlobs(
  db: Kysely<Database>,
  project: string,
  ids: readonly string[],
): Promise<(id: string) => OutputBlobs> {
  const outputs =
    ids.length === 0
      ? []
      : await db
          .selectFrom('artifacts')
          .leftJoin('blobs', (join) =>
            join.onRef('blobs.sha256', '=', 'artifacts.sha256').on('blobs.project', '=', project),
          )
          .select(['execution_id', 'artifacts.sha256', 'blobs.size as size'])
          .select(sql<number>`blobs.data IS NULL`.as('isElsewhere'))
          .where('execution_id', 'in', ids)
          .where('kind', '=', 'output')
          .execute()
  const byId = new Map<string, typeof outputs>(ids.map((id) => [id, []]))
  for (const output of outputs) byId.get(output.execution_id)?.push(output)
  return (id) => {
    const own = byId.get(id) ?? []
    return {
      isWhole: own.every(({ size }) => size !== null),
      sha256s: own.filter(({ isElsewhere }) => isElsewhere === 1).map(({ sha256 }) => sha256),
    }
  }
}
