import type { ArtifactRecord, FileRef } from '@rgrid/protocol'
import type { Kysely } from 'kysely'
import type { ExecutionStore } from '../execution-store.js'
import { prepareQuery, slot } from './prepare-query.js'
import type { Database } from './schema.js'
import { toArtifact } from './to-execution.js'

const BATCH = 500

/** Stores the named files of an execution. */
export async function insertArtifacts(
  trx: Kysely<Database>,
  project: string,
  executionId: string,
  kind: ArtifactRecord['kind'],
  files: readonly FileRef[],
): Promise<void> {
  const rows = files.map((file) => ({ project, execution_id: executionId, kind, ...toFileColumns(file) }))
  for (let start = 0; start < rows.length; start += BATCH)
    await trx
      .insertInto('artifacts')
      .values(rows.slice(start, start + BATCH))
      .execute()
}

/** The columns that hold a file. */
export const toFileColumns = ({ path, sha256, size, executable }: FileRef) => ({
  path,
  sha256,
  size,
  executable: executable ? 1 : 0,
})

/** The artifact methods of the store in SQLite. */
export function createArtifactMethods(
  db: Kysely<Database>,
): Pick<ExecutionStore, 'listArtifacts' | 'findArtifact'> {
  const ofExecution = db
    .selectFrom('artifacts')
    .innerJoin('executions', 'executions.id', 'artifacts.execution_id')
    .leftJoin('losses', 'losses.execution_id', 'artifacts.execution_id')
    .selectAll('artifacts')
    .select('losses.files_at')
    .where('executions.project', '=', slot<string>('project'))
    .where('artifacts.execution_id', '=', slot<string>('id'))
    .orderBy('artifacts.kind')
    .orderBy('artifacts.path')
  const ofKind = ofExecution.where('artifacts.kind', '=', slot<ArtifactRecord['kind']>('kind'))
  const listAll = prepareQuery(ofExecution)
  const listKind = prepareQuery(ofKind)
  const findAt = prepareQuery(ofKind.where('artifacts.path', '=', slot<string>('path')))

  return {
    async listArtifacts(project, id, kind) {
      const rows = await (kind === undefined
        ? listAll(db, { project, id })
        : listKind(db, { project, id, kind }))
      return rows.map(toArtifact)
    },

    async findArtifact(project, id, kind, path) {
      const [row] = await findAt(db, { project, id, kind, path })
      return row === undefined ? undefined : toArtifact(row)
    },
  }
}
