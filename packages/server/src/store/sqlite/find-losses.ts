import type { Kysely } from 'kysely'
import type { Losses, RetentionStore } from '../retention-store.js'
import { prepareQuery, slot } from './prepare-query.js'
import type { Database } from './schema.js'

const NOTHING: Losses = { filesAt: null, logsAt: null }

/** What ended executions have lost, in SQLite. */
export function createLossMethods(db: Kysely<Database>): Pick<RetentionStore, 'findLosses' | 'listLosses'> {
  const ofProject = db
    .selectFrom('losses')
    .innerJoin('executions', 'executions.id', 'losses.execution_id')
    .select(['losses.execution_id as id', 'losses.files_at as filesAt', 'losses.logs_at as logsAt'])
  const findAt = prepareQuery(
    ofProject
      .where('losses.execution_id', '=', slot<string>('id'))
      .where('executions.project', '=', slot<string>('project')),
  )
  return {
    async findLosses(project, id) {
      const [row] = await findAt(db, { project, id })
      return row === undefined ? NOTHING : { filesAt: row.filesAt, logsAt: row.logsAt }
    },

    async listLosses(project, ids) {
      if (ids.length === 0) return new Map()
      const rows = await ofProject
        .where('losses.execution_id', 'in', ids)
        .where('executions.project', '=', project)
        .execute()
      return new Map(rows.map(({ id, ...losses }) => [id, losses]))
    },
  }
}
